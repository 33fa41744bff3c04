//! Writes XML: always well-formed, since text is escaped and characters that XML 1.0 forbids are left out.

/// A document in progress, indented by two.
pub(crate) struct Xml {
    text: String,
    open: Vec<&'static str>,
}

impl Xml {
    /// An empty document in UTF-8; `doctype` is the text between `<!DOCTYPE ` and `>`.
    pub(crate) fn new(doctype: Option<&str>) -> Self {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        if let Some(doctype) = doctype {
            text += &format!("<!DOCTYPE {doctype}>\n");
        }
        Self { text, open: Vec::new() }
    }

    /// Opens an element with children.
    pub(crate) fn open(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.text += ">\n";
        self.open.push(name);
    }

    /// Closes the element that was opened last.
    pub(crate) fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.indent();
            self.text += &format!("</{name}>\n");
        }
    }

    /// An element without content.
    pub(crate) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.text += "/>\n";
    }

    /// An element with text alone.
    pub(crate) fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], content: &str) {
        self.tag(name, attributes);
        self.text += &format!(">{}</{name}>\n", escaped(content));
    }

    /// The document, with all open elements closed.
    pub(crate) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.indent();
        self.text += &format!("<{name}");
        for (attribute, value) in attributes {
            self.text += &format!(" {attribute}=\"{}\"", escaped(&one_line(value)));
        }
    }

    fn indent(&mut self) {
        self.text += &"  ".repeat(self.open.len());
    }
}

/// Without line breaks: a reader of attributes turns them into spaces.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().filter(|c| allowed(*c)) {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&apos;",
            c => escaped.push(c),
        }
    }
    escaped
}

/// Whether a character is allowed in XML 1.0 and is not a control character (the range Char of its grammar, without C0,
/// DEL and C1).
fn allowed(c: char) -> bool {
    matches!(c, '\t' | '\n') || (!c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_cannot_leave_its_element() {
        let mut xml = Xml::new(None);
        xml.open("a", &[("b", "\"><x y='1'/>\u{0}\u{8}\n2")]);
        xml.leaf("c", &[], "]]></c>&\u{1b}\u{85}\u{fffe}<中文>\t\u{1f600}");
        let text = xml.finish();
        assert_eq!(
            text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a b=\"&quot;&gt;&lt;x y=&apos;1&apos;/&gt; 2\">\n  \
             <c>]]&gt;&lt;/c&gt;&amp;&lt;中文&gt;\t\u{1f600}</c>\n</a>\n"
        );
    }
}
