<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * An account whose `FundFlow` may be had; `account_type` on the wire.
 *
 * ```php
 * use WechatPay\AccountType;
 *
 * echo AccountType::from('Fees')->name, "\n";   // prints: Fees
 * ```
 */
enum AccountType: string
{
    /** 基本账户: where payments arrive. */
    case Basic = 'Basic';

    /** 运营账户: what is paid out of by hand. */
    case Operation = 'Operation';

    /** 手续费账户: where fees are taken from. */
    case Fees = 'Fees';
}
