//! Which PHPs this version is built for: those in tools/php-versions, without threads.

/// What a header defines a name as.
fn defined<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let value_in = |line: &'a str| {
        let value = line.strip_prefix("#define ")?.strip_prefix(name)?;
        let is_whole_name = value.is_empty() || value.starts_with([' ', '\t']);
        is_whole_name.then(|| value.trim().trim_matches('"'))
    };
    header.lines().find_map(value_in)
}

/// Refuses a PHP that this version does not know, and one for threads.
pub fn check(modules: &str, config: &str, version: &str) -> Result<(), String> {
    let version = defined(version, "PHP_VERSION").unwrap_or("of an unknown version");
    let api = defined(modules, "ZEND_MODULE_API_NO").unwrap_or("none");
    let known = include_str!("../tools/php-versions").lines().filter(|line| !line.starts_with('#'));
    let known: Vec<(&str, &str)> = known.filter_map(|line| line.split_once(' ')).collect();
    if !known.iter().any(|(_, number)| *number == api) {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        return Err(format!(
            "PHP {version} (extension API {api}) is none that this version of wechatpay knows: set PHP and PHP_CONFIG \
             to one of {names}, or take a wechatpay that knows yours"
        ));
    }
    if defined(config, "ZTS").is_some_and(|value| value != "0") {
        return Err(format!(
            "PHP {version} is built for threads (ZTS), where wechatpay has not been tried: set PHP and PHP_CONFIG to \
             an NTS build"
        ));
    }
    Ok(())
}
