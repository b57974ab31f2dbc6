mod debian/made/wechatpay.so
mod tools/wechatpay.ini
