//! What the sources themselves must look like: the engine's version follows the code that decides bytes.
mod engine;
mod source;
