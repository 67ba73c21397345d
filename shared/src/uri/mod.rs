//! The room `uri`.
