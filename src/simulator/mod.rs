//! A local WeChat Pay gateway.
