//! A server's page of refusal: what it says, for people.

/// Title and a few lines stand at the beginning.
const MOST_READ: usize = 4096;
const MOST_SHOWN: usize = 80;

/// What the page says: its title, else its first words. A page that cannot be read says nothing.
pub fn said(page: &[u8]) -> Option<String> {
    let beginning = page.get(..MOST_READ).unwrap_or(page);
    words(&String::from_utf8_lossy(beginning))
}

fn words(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let titled = lower.find("<title").and_then(|at| lower.get(at..)?.find('>').map(|end| at + end + 1));
    let title = titled.and_then(|from| {
        let length = lower.get(from..)?.find("</title")?;
        page.get(from..from + length)
    });
    let words = shown(&without_tags(title.unwrap_or(page)), MOST_SHOWN);
    (!words.is_empty()).then_some(words)
}

fn without_tags(html: &str) -> String {
    let mut inside = false;
    let text = html.chars().map(|c| {
        let is_tag = inside || c == '<';
        inside = if inside { c != '>' } else { c == '<' };
        if is_tag { ' ' } else { c }
    });
    text.collect()
}

/// A stranger's words on one line, so many characters of them at most.
pub fn shown(text: &str, most: usize) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(most).collect()
}

/// Does a server speak of the certificate that it was shown, or not shown?
pub fn is_about_a_certificate(said: &str) -> bool {
    said.to_ascii_lowercase().contains("certificate") || said.contains("证书")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r35_the_title_is_shown_and_nothing_but_words() {
        for (page, said) in [
            (
                "<html><head><title>400 The SSL certificate error</title></head>",
                "400 The SSL certificate error",
            ),
            ("<HTML><TITLE lang=en>\r\n 404\t Not Found </TITLE>", "404 Not Found"),
            ("<h1>No required <b>SSL</b> certificate</h1>", "No required SSL certificate"),
            ("no tags", "no tags"),
            ("<title>never closed", "never closed"),
        ] {
            assert_eq!(words(page).as_deref(), Some(said), "{page}");
        }
        for empty in ["", "<html></html>", "\n\n"] {
            assert_eq!(words(empty), None);
        }
        assert_eq!(words(&"证".repeat(500)).unwrap().chars().count(), 80);
    }
}
