//! What the OpenAPI documents of both APIs need: the token scheme, the contents of the table of routes, and every text
//! in both languages.
use serde_json::json;
use utoipa::Modify;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ObjectBuilder, OpenApi, Required, Type};

use crate::store::people::tokens::Role;

mod complete;
mod fields;
mod problems;
mod sound;
pub mod vocabulary;

pub use complete::{complete, served_at};
pub use sound::{assert_bounded, assert_sound};

/// Adds the scheme `token`: `Authorization: Bearer`.
pub struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut OpenApi) {
        let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("token", token);
    }
}

/// Who may use a route that is not public.
pub struct Who {
    /// People with these roles.
    pub roles: &'static [Role],
    /// Whether the entrant of the submission may use it too.
    pub entrant: bool,
}

/// One route, from the table of routes.
pub struct Described {
    /// In lower case.
    pub method: String,
    /// With `{names}`.
    pub path: &'static str,
    /// `None` means everyone.
    pub who: Option<Who>,
    /// Whether it requires an Idempotency-Key.
    pub keyed: bool,
}

/// Adds the contents of the table of routes: roles, and the Idempotency-Key. [`complete`] adds what follows from it.
pub fn describe(document: &mut OpenApi, routes: &[Described]) {
    for route in routes {
        let item = document.paths.paths.get_mut(route.path);
        if let Some(operation) = item.and_then(|item| operation(item, &route.method)) {
            describe_one(operation, route);
        }
    }
}

fn describe_one(operation: &mut Operation, route: &Described) {
    let Some(Who { roles, entrant }) = &route.who else { return };
    let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
    let known = Extensions::builder().add("x-roles", names).add("x-entrant", *entrant).build();
    operation.extensions.get_or_insert_default().merge(known);
    if route.keyed {
        let key = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
            .build();
        operation.parameters.get_or_insert_default().push(key);
    }
}

/// The texts of a document in Chinese; the English ones are at each handler.
pub struct Words {
    /// What the API is for.
    pub description: &'static str,
    /// Tag and text.
    pub tags: &'static [(&'static str, &'static str)],
    /// Method in lower case, path, text.
    pub operations: &'static [(&'static str, &'static str, &'static str)],
}

impl Words {
    /// Panics unless every operation and tag of the document has texts in both languages, and every text belongs to
    /// one. For tests.
    pub fn assert_complete(&self, document: &serde_json::Value) {
        let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        let latin =
            |text: &str| text.split(' ').any(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic()));
        let mut operations = 0;
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let (zh, en) = (&operation["x-summary"]["zh"], &operation["x-summary"]["en"]);
                let both = zh.as_str().is_some_and(chinese) && en.as_str().is_some_and(|en| latin(en) && !chinese(en));
                assert!(both, "{method} {path}: {operation}");
                operations += 1;
            }
        }
        assert_eq!(operations, self.operations.len(), "words for operations that do not exist");
        for tag in document["tags"].as_array().into_iter().flatten() {
            assert!(tag["description"].as_str().is_some_and(|it| chinese(it) && latin(it)), "{tag}");
        }
        let description = document["info"]["description"].as_str();
        assert!(description.is_some_and(|it| chinese(it) && latin(it)));
    }
}

/// Puts the Chinese before the English: people of the contest read the first, authors of programs the second. Each
/// summary contains both, and `x-summary` has them separately.
impl Modify for Words {
    fn modify(&self, document: &mut OpenApi) {
        let english = document.info.description.take().unwrap_or_default();
        document.info.description = Some(format!("{}\n\n{english}", self.description));
        for tag in document.tags.iter_mut().flatten() {
            if let Some((_, zh)) = self.tags.iter().find(|(name, _)| *name == tag.name) {
                let english = tag.description.take().unwrap_or_default();
                tag.description = Some(format!("{zh} {english}"));
            }
        }
        for (method, path, zh) in self.operations {
            if let Some(operation) = document.paths.paths.get_mut(*path).and_then(|item| operation(item, method)) {
                let en = operation.summary.take().unwrap_or_default();
                operation.summary = Some(format!("{zh} {en}"));
                let apart = Extensions::builder().add("x-summary", json!({ "zh": zh, "en": en })).build();
                operation.extensions.get_or_insert_default().merge(apart);
            }
        }
    }
}

/// The operation of a path with this method, in lower case.
fn operation<'a>(item: &'a mut PathItem, method: &str) -> Option<&'a mut Operation> {
    let operation = match method {
        "get" => &mut item.get,
        "put" => &mut item.put,
        "post" => &mut item.post,
        "delete" => &mut item.delete,
        "options" => &mut item.options,
        "head" => &mut item.head,
        "patch" => &mut item.patch,
        _ => return None,
    };
    operation.as_mut()
}
