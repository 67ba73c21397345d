//! What the functions of DuraCloud's REST API share.
