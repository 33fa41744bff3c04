//! Where the catalogue comes from.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use pipeline::catalogue::Catalogue;

/// Which catalogue is used.
#[derive(Args, Clone)]
pub struct CatalogueConfig {
    /// Directory with `contests/`, `partners/` and `ladders.toml` instead of the built-in catalogue.
    #[arg(long, env = "CATALOGUE_DIR")]
    pub catalogue_dir: Option<PathBuf>,

    /// Include the built-in contest `demo`, which is always open and meant for trials.
    #[arg(long, env = "DEMO_CONTEST", default_value_t = false)]
    pub demo_contest: bool,
}

impl CatalogueConfig {
    /// The catalogue: built in, without the demo unless it is enabled, or read from `catalogue_dir`. An invalid file is
    /// an error that names the file and the key.
    pub fn read(&self) -> anyhow::Result<Arc<Catalogue>> {
        let Some(dir) = &self.catalogue_dir else {
            let all = Catalogue::builtin();
            return Ok(Arc::new(if self.demo_contest { all } else { all.without_demo() }));
        };
        let files = catalogue_files(dir).with_context(|| format!("read the catalogue in {}", dir.display()))?;
        let catalogue = Catalogue::from_files(&files).with_context(|| format!("catalogue in {}", dir.display()))?;
        Ok(Arc::new(catalogue))
    }
}

/// The `.toml` files of a catalogue as (name relative to `dir`, text): `ladders.toml`, `contests/*.toml`, `partners/*.toml`.
fn catalogue_files(dir: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for folder in ["", "contests", "partners"] {
        let inside = dir.join(folder);
        let entries = std::fs::read_dir(&inside).with_context(|| format!("open {}", inside.display()))?;
        for entry in entries {
            let path = entry.with_context(|| format!("read {}", inside.display()))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if !name.ends_with(".toml") || !path.is_file() {
                continue;
            }
            let text = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
            files.push((if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }, text));
        }
    }
    files.sort();
    Ok(files)
}
