//! The PHP that is built for: known, without threads, and its functions as its own headers declare them.

#[path = "known.rs"]
mod known;

use std::path::{Path, PathBuf};
use std::{env, fs, process::Command};

/// The functions of Zend's that ext-php-rs does not bind. One that another PHP declares otherwise does not compile.
const FUNCTIONS: [&str; 34] = [
    "display_ini_entries",
    "php_check_open_basedir_ex",
    "php_date_get_immutable_ce",
    "php_date_get_interface_ce",
    "php_date_get_timezone_ce",
    "php_date_initialize",
    "php_error_docref",
    "php_get_temporary_directory",
    "zend_add_attribute",
    "zend_argument_type_error",
    "zend_argument_value_error",
    "zend_create_internal_iterator_zval",
    "zend_declare_typed_property",
    "zend_get_gc_buffer_create",
    "zend_get_gc_buffer_grow",
    "zend_ini_string",
    "zend_is_callable_ex",
    "zend_iterator_dtor",
    "zend_iterator_init",
    "zend_memory_usage",
    "zend_parse_arg_bool_slow",
    "zend_parse_arg_long_slow",
    "zend_parse_arg_str_slow",
    "zend_read_property",
    "zend_set_memory_limit",
    "zend_throw_exception_internal",
    "zend_unexpected_extra_named_error",
    "zend_unregister_ini_entries",
    "zend_update_property",
    "zend_wrong_callback_error",
    "zend_wrong_callback_or_null_error",
    "zend_wrong_parameter_class_error",
    "zend_wrong_parameter_class_or_null_error",
    "zend_wrong_parameter_type_error",
];

/// Checks the PHP at hand and writes `zend.rs`; what is wrong is one sentence.
pub fn declare_zend() -> Result<(), String> {
    for variable in ["PHP", "PHP_CONFIG", "PATH"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    for file in ["build", "tools/php-versions"] {
        println!("cargo:rerun-if-changed={file}");
    }
    let headers = PathBuf::from(told("--include-dir")?);
    let [modules, config, version] =
        ["Zend/zend_modules.h", "main/php_config.h", "main/php_version.h"].map(|file| header(&headers, file));
    known::check(&modules?, &config?, &version?)?;
    // This PHP puts off the end of a script that ran out of memory; the others jump where it happens.
    if header(&headers, "Zend/zend_globals.h")?.contains("delayed_oom") {
        println!("cargo:rustc-cfg=php_delayed_oom");
    }
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    let file = out.join("zend.rs");
    fs::write(&file, declarations()?).map_err(|e| format!("{} cannot be written: {e}", file.display()))
}

/// What php-config says.
fn told(option: &str) -> Result<String, String> {
    let program = env::var("PHP_CONFIG").unwrap_or_else(|_| "php-config".into());
    let said = Command::new(&program).arg(option).output();
    let said = said.map_err(|e| {
        format!("{program} does not run ({e}): install PHP's headers (Debian: php-dev), or set PHP_CONFIG")
    })?;
    Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

/// One of PHP's headers; the build runs again when it changes.
fn header(folder: &Path, name: &str) -> Result<String, String> {
    let path = folder.join(name);
    println!("cargo:rerun-if-changed={}", path.display());
    fs::read_to_string(&path).map_err(|e| {
        format!("{} cannot be read ({e}): install PHP's headers (Debian: php-dev)", path.display())
    })
}

/// The declarations, with the types of ext-php-rs.
fn declarations() -> Result<String, String> {
    let includes = told("--includes")?;
    let mut builder = bindgen::Builder::default()
        .header("build/zend.h")
        .clang_args(includes.split_whitespace())
        .allowlist_recursively(false)
        .layout_tests(false)
        .generate_comments(false);
    for name in FUNCTIONS {
        builder = builder.allowlist_function(name);
    }
    builder = builder.allowlist_var("IS_OBJ_FREE_CALLED");
    let bindings =
        builder.generate().map_err(|e| format!("PHP's headers cannot be read by libclang: {e}"))?;
    Ok(bindings.to_string())
}
