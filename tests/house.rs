//! Rules for the sources themselves: the engine's version follows the code that decides bytes, and files import each other
//! in one direction.
mod engine;
mod imports;
mod source;
