//! The rows of the public service.
use serde_json::{Value, json};

use super::row::{Row, entrants, public, upload};
use crate::stage::form;

/// One row per route of the public service. The entry waits for its film.
pub(super) fn public_table() -> Vec<Row> {
    let none = || Value::Null;
    vec![
        public("GET /", none(), "200"),
        public("GET /contests/{contest}", none(), "200"),
        public("GET /contests/{contest}/enter", none(), "200"),
        // No field is filled in.
        public("POST /contests/{contest}/enter", none(), "422"),
        public("POST /contests/{contest}/draft", none(), "204"),
        public("GET /find", none(), "200"),
        // No mail server is configured.
        public("POST /find", none(), "404"),
        public("GET /entries/{receipt}", none(), "200"),
        public("POST /entries/{receipt}/open", none(), "403"),
        // The key is in a cookie; a token is not accepted.
        public("GET /entries/{receipt}/print", none(), "401"),
        public("GET /entries/{receipt}/events", none(), "401"),
        public("GET /entries/{receipt}/key", none(), "401"),
        public("POST /entries/{receipt}/key", none(), "401"),
        public("POST /entries/{receipt}/key/end", none(), "401"),
        public("GET /entries/{receipt}/replace", none(), "401"),
        public("POST /entries/{receipt}/replace", none(), "401"),
        public("GET /entries/{receipt}/correct", none(), "401"),
        public("POST /entries/{receipt}/correct", none(), "401"),
        public("GET /entries/{receipt}/withdraw", none(), "401"),
        public("POST /entries/{receipt}/withdraw", none(), "401"),
        public("GET /about", none(), "200"),
        public("GET /assets/{file}", none(), "200"),
        public("GET /lang/{lang}", none(), "200"),
        public("GET /api/v1/openapi.json", none(), "200"),
        public("GET /api/v1/docs", none(), "200"),
        public("POST /api/v1/submissions", form(), "201"),
        entrants("GET /api/v1/submissions/{id}", "200"),
        public("OPTIONS /files", none(), "204"),
        public("OPTIONS /files/", none(), "204"),
        public("OPTIONS /files/{id}", none(), "204"),
        // Every entrant may begin an upload for their own entry; there is no foreign one to name.
        upload("POST /files", "201", "201"),
        upload("POST /files/", "201", "201"),
        upload("HEAD /files/{id}", "200", "403"),
        upload("PATCH /files/{id}", "type_unsupported", "foreign_upload"),
        // Without X-HTTP-Method-Override the method is unknown.
        public("POST /files/{id}", none(), "method_unknown"),
        // These two end what the others use, so they come last.
        upload("DELETE /files/{id}", "204", "foreign_upload"),
        Row { body: json!({ "fields": { "title": "x" } }), ..entrants("PATCH /api/v1/submissions/{id}", "200") },
        entrants("POST /api/v1/submissions/{id}/replacement", "no_film_yet"),
        entrants("DELETE /api/v1/submissions/{id}", "204"),
    ]
}
