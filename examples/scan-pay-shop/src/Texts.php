<?php

declare(strict_types=1);

namespace Shop;

/** Every word that a payer reads, in both languages; those of the back office stand with it. */
final class Texts
{
    private const ALL = [
        'shop' => ['小店', 'The little shop'],
        'goods' => ['商品', 'Goods'],
        'quantity' => ['数量', 'Quantity'],
        'buy' => ['微信支付', 'Pay with WeChat Pay'],
        'discount' => ['满 20 元九五折', '5% off from 20 yuan'],
        'stock' => ['库存', 'In stock'],
        'member' => ['会员', 'Member'],
        'balance' => ['余额', 'Balance'],
        'gift' => ['赠送', 'Gift'],
        'points' => ['积分', 'Points'],
        'topup' => ['充值', 'Top up'],
        'topup_note' => ['每充 100 元送 10 元', '10 yuan on top of each 100'],
        'yuan' => ['元', 'yuan'],
        'exchange' => ['积分兑换', 'Take it for points'],
        'done' => ['完成，谢谢惠顾！', 'It is yours. Thank you!'],
        'from_balance' => ['余额支付', 'Pay from the balance'],
        'order' => ['订单', 'Order'],
        'language' => ['English', '中文'],
        'theme' => ['外观', 'Look'],
        'light' => ['浅色', 'Light'],
        'dark' => ['深色', 'Dark'],
        'tea' => ['茶色', 'Tea'],
        'back' => ['返回小店', 'Back to the shop'],
        'placing' => ['正在下单', 'Placing the order'],
        'placing_note' => ['微信支付暂时没有应答，页面会自动重试，不会重复下单。', 'WeChat Pay does not answer yet. This page tries again by itself; nothing is ordered twice.'],
        'waiting' => ['等待支付', 'Waiting for the payment'],
        'scan' => ['打开微信，扫一扫', 'Open WeChat and scan'],
        'paying' => ['正在输入密码', 'The payer is typing the password'],
        'remaining' => ['剩余时间', 'Time left'],
        'open_wechat' => ['打开微信支付', 'Open WeChat Pay'],
        'finished' => ['已完成支付', 'I have paid'],
        'timed_out' => ['还没有收到付款', 'No payment yet'],
        'timed_out_note' => ['如果您已付款，请点击下面的按钮查询。', 'If you have paid, let the shop ask now.'],
        'i_paid' => ['我已支付', 'I have paid'],
        'wait_on' => ['继续等待', 'Go on waiting'],
        'close' => ['取消订单', 'Cancel the order'],
        'closing' => ['正在关闭', 'Being cancelled'],
        'closing_note' => ['正在向微信支付确认，已付款的订单仍会到账。', 'Asking WeChat Pay. A payment that was faster still counts.'],
        'closed' => ['订单已关闭', 'Cancelled'],
        'closed_note' => ['没有扣款。您可以重新下单。', 'Nothing was paid. You can order again.'],
        'paid' => ['支付成功', 'Paid'],
        'paid_note' => ['谢谢惠顾！', 'Thank you!'],
        'paid_late' => ['关闭后收到付款', 'Paid after it was cancelled'],
        'paid_late_note' => ['钱已收到，店员会发货或退款，请勿重复付款。', 'The money has arrived. We deliver or refund; please do not pay again.'],
        'review' => ['人工核对中', 'Being checked'],
        'review_note' => ['钱已收到，店员正在核对，请勿重复付款。', 'The money has arrived and a person looks at it; please do not pay again.'],
        'ask_note' => ['店员已处理或正在处理此单：再次付款前，请先联系我们。', 'A person deals, or has dealt, with this order: ask us before you pay again.'],
        'refunded_part' => ['已部分退款', 'Refunded in part'],
        'refunded' => ['已全额退款', 'Refunded'],
        'refunded_note' => ['退款原路退回，零钱即时到账，银行卡一至三个工作日。', 'It goes back the way it came: to the balance at once, to a card within three working days.'],
        'offline' => ['网络已断开，恢复后会自动继续。', 'You are offline. This page goes on by itself.'],
        'not_found' => ['没有这个页面', 'There is no such page'],
        'form_expired' => ['页面已过期，请返回重试', 'This form has expired: go back and try again'],
        'refused' => ['无法下单', 'This cannot be ordered'],
        'unavailable' => ['没有这样的商品，或数量不对。', 'There are no such goods, or not so many.'],
        'sold out' => ['已售罄。', 'It is sold out.'],
        'not enough' => ['余额、赠送或积分不够，或已被使用。', 'The balance, the gift or the points do not suffice, or are spent.'],
        'nothing to pay' => ['没有需要支付的金额。', 'There is nothing to pay.'],
        'more than 5,000 yuan in one order' => ['一个订单最多 5,000 元。', 'One order comes to 5,000 yuan at most.'],
        'too many unpaid orders' => ['未支付的订单太多，请先支付或取消。', 'Too many orders are unpaid: pay or cancel one first.'],
        'too many orders in a minute' => ['下单太频繁，请稍后再试。', 'Too many orders at once: try again in a minute.'],
        'a balance holds at most 5,000 yuan' => ['余额最多 5,000 元。', 'A balance holds 5,000 yuan at most.'],
        'ask_failed' => ['暂时查询不到，请稍后再试。', 'WeChat Pay could not be asked. Please try again soon.'],
    ];

    /** The text, fit for HTML. */
    public static function of(string $name, string $language): string
    {
        return Page::escape((self::ALL + Office\Words::ALL)[$name][$language === 'en' ? 1 : 0] ?? $name);
    }
}
