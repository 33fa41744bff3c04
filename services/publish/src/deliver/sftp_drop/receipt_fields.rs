//! The fields of a receipt, whose form may be JSON or XML. Nothing in it is trusted.
use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

/// The deepest nesting in an XML receipt.
const MOST_DEPTH: usize = 8;

/// The texts and numbers of a JSON object.
pub(super) fn json_fields(text: &str) -> Result<BTreeMap<String, String>, String> {
    let value: Value = serde_json::from_str(text).map_err(|_| "it is no JSON".to_owned())?;
    let Value::Object(object) = value else { return Err("it is no JSON object".to_owned()) };
    let fields = object.into_iter().filter_map(|(name, value)| match value {
        Value::String(text) => Some((name, text)),
        Value::Number(number) => Some((name, number.to_string())),
        _ => None,
    });
    Ok(fields.collect())
}

/// The text of each child of `<receipt>`. Nothing is defined, fetched or expanded: a document type is refused, and so
/// is every entity that is not predefined in XML.
pub(super) fn xml_fields(text: &str) -> Result<BTreeMap<String, String>, String> {
    let broken = |_| "it is no well-formed XML".to_owned();
    let mut reader = Reader::from_str(text);
    let (mut path, mut fields) = (Vec::<String>::new(), BTreeMap::<String, String>::new());
    let mut ended = false;
    loop {
        let event = reader.read_event().map_err(broken)?;
        let mut add = |path: &[String], text: &str| {
            if let [_, name] = path {
                fields.entry(name.clone()).or_default().push_str(text);
            }
        };
        match event {
            Event::Start(element) => {
                let name = String::from_utf8_lossy(element.local_name().as_ref()).into_owned();
                if path.is_empty() && (ended || name != "receipt") {
                    return Err("it is no <receipt>".to_owned());
                }
                path.push(name);
                if path.len() > MOST_DEPTH {
                    return Err("it is nested too deeply".to_owned());
                }
            }
            Event::End(_) => {
                path.pop();
                ended = path.is_empty();
            }
            Event::Text(text) => add(&path, &text.decode().map_err(|_| "it is not UTF-8".to_owned())?),
            Event::CData(text) => add(&path, &text.decode().map_err(|_| "it is not UTF-8".to_owned())?),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(broken)?.map(String::from);
                let name = reference.decode().map_err(|_| "it is not UTF-8".to_owned())?;
                let known = character.or_else(|| predefined(&name).map(str::to_owned));
                add(&path, &known.ok_or_else(|| "it uses an entity, which none may define".to_owned())?);
            }
            Event::DocType(_) => return Err("it has a document type, which none may have".to_owned()),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof if ended && path.is_empty() => return Ok(fields),
            Event::Eof => return Err("it ends too early".to_owned()),
        }
    }
}

/// The five entities predefined in XML.
fn predefined(name: &str) -> Option<&'static str> {
    let known = [("amp", "&"), ("lt", "<"), ("gt", ">"), ("quot", "\""), ("apos", "'")];
    known.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
