//! Embeds what `make web` has built into `web/dist`. Without it the crate builds all the same, with no pages in it.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let crate_folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let dist = crate_folder.join("../../web/dist").canonicalize()?;
    println!("cargo:rerun-if-changed={}", dist.display());
    let mut files = Vec::new();
    for page in fs::read_dir(&dist)? {
        let page = page?.path();
        if page.is_dir() {
            collect(&page, &mut files)?;
        }
    }
    files.sort();
    let lines = files.iter().map(|file| {
        let name = file.strip_prefix(&dist).unwrap_or(file).to_string_lossy().replace('\\', "/");
        let path = file.to_string_lossy();
        format!("    ({name:?}, include_bytes!({path:?})),\n")
    });
    let code = format!("&[\n{}]\n", lines.collect::<Vec<_>>().concat());
    fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("files.rs"), code)
}

/// All files below a folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
