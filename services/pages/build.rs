//! Stops the build with one sentence if npm has not installed the one third-party script that pages load, or has
//! installed another version of it.
use std::fs::read_to_string;

const PACKAGE: &str = "tus-js-client";

fn main() {
    let installed = format!("node_modules/{PACKAGE}/package.json");
    println!("cargo::rerun-if-changed=package.json");
    println!("cargo::rerun-if-changed={installed}");
    let wanted = version(&read_to_string("package.json").unwrap_or_default(), PACKAGE);
    if wanted.is_none() || wanted != version(&read_to_string(installed).unwrap_or_default(), "version") {
        println!(
            "cargo::error={PACKAGE} is not installed in this version; type: npm ci --ignore-scripts --prefix services/pages"
        );
    }
}

/// The text with this name in a `package.json`, which has one line for each.
fn version(json: &str, name: &str) -> Option<String> {
    let lines = json.lines().map(str::trim);
    let value = lines.filter_map(|line| line.strip_prefix(&format!("\"{name}\": "))).next()?;
    Some(value.trim_matches([',', '"']).to_owned())
}
