//! The build refuses what it does not know, before the compiler sees any of it.

#[path = "../../build/known.rs"]
mod known;

fn said(api: &str, zts: &str, version: &str) -> String {
    let modules = format!("#ifndef MODULES_H\n#define MODULES_H\n#define ZEND_MODULE_API_NO {api}\n");
    let config = format!("/* #undef ZTS_EXTRA */\n{zts}\n#define ZTS_OTHER 1\n");
    let version = format!("#define PHP_VERSION_ID 0\n#define PHP_VERSION \"{version}\"\n");
    known::check(&modules, &config, &version).err().unwrap_or_default()
}

#[test]
fn every_known_php_without_threads_is_built_for() {
    for api in ["20220829", "20230831", "20240924", "20250925"] {
        assert_eq!(said(api, "/* #undef ZTS */", "8.x"), "");
        assert_eq!(said(api, "#define ZTS 0", "8.x"), "");
    }
}

#[test]
fn any_other_php_is_refused_in_one_sentence_that_names_it_and_those_that_are_known() {
    for (api, version) in
        [("20210902", "8.1.34"), ("20250924", "8.5.0-dev"), ("20260925", "8.6.0RC3"), ("", "9")]
    {
        let said = said(api, "", version);
        assert!(said.starts_with(&format!("PHP {version} (extension API {api}")), "{said}");
        assert!(said.contains("one of 8.2, 8.3, 8.4, 8.5, or"), "{said}");
        assert!(!said.contains('\n'), "cargo prints one line: {said}");
    }
}

#[test]
fn threads_are_refused() {
    for zts in ["#define ZTS 1", "#define ZTS", "#define ZTS\t1"] {
        let said = said("20240924", zts, "8.4.1");
        assert!(said.contains("PHP 8.4.1 is built for threads (ZTS)"), "{zts}: {said}");
    }
}
