<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Gateway;
use WechatPay\Merchant;

/** A call as the tests of every call make it, and what sets it apart from the others. */
final class TriedCall
{
    /**
     * @param string $path         where it goes
     * @param \Closure $make       makes it with an object of the class, so that it works
     * @param string $kind         `asks`; `acts`, though not twice under the same numbers; acts `once`, and a second time if
     *                             sent again; `asks on` or `sends on` until an open end is known
     * @param array<string, \Closure> $texts  sends a text, by the argument that carries it and perhaps a second word
     * @param string $after        the call that must have been made before it
     * @param list<mixed> $ends    of one that goes on: the order, its state in the end, the requests to `path`
     * @param int $tries           how often it is sent while WeChat's answer is SYSTEMERROR
     * @param bool $isSigned       whether the answer is; one that is not may also lack `result_code`
     * @param bool $isMd5          whether it is MD5 whatever the merchant's algorithm
     * @param bool $isOfAnOrder    whether WeChat may say that the order is unknown
     * @param string $subIds       the sub-merchant's ids in its answer: they `must` be there, they `may`, or are `unread`
     * @param string $insteadInV3  what a merchant of APIv3 is told, which does not have it
     */
    public function __construct(
        public readonly string $path,
        private readonly \Closure $make,
        public readonly string $kind = 'acts',
        public readonly array $texts = [],
        public readonly string $after = '',
        public readonly array $ends = [],
        public readonly int $tries = 1,
        public readonly bool $isSigned = true,
        public readonly bool $isMd5 = false,
        public readonly bool $isOfAnOrder = false,
        public readonly string $subIds = 'may',
        public readonly string $insteadInV3 = '',
    ) {
    }

    /** Makes the call, and gives what it returns. */
    public function make(object $call): mixed
    {
        return ($this->make)($call);
    }

    public function goesOn(): bool
    {
        return $this->ends !== [];
    }
}
