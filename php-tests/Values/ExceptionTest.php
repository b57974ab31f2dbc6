<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\Advice;
use WechatPay\GatewayException;
use WechatPay\MalformedMessageException;
use WechatPay\MismatchException;
use WechatPay\PayException;
use WechatPay\ServiceException;
use WechatPay\SignatureException;
use WechatPay\TransportException;
use WechatPay\UndecidedException;
use WechatPay\Xml;

/** The tree of exceptions: PHP exceptions like any others. */
final class ExceptionTest extends TestCase
{
    private const OWN = [
        PayException::class => [],
        TransportException::class => [],
        MalformedMessageException::class => [],
        SignatureException::class => [],
        GatewayException::class => ['returnMsg' => ''],
        MismatchException::class => ['field' => null],
        ServiceException::class => ['errCode' => '', 'errCodeDes' => null],
        UndecidedException::class => ['lastSeen' => null, 'reversed' => false],
    ];

    /** @dataProvider classes */
    #[DataProvider('classes')]
    public function testEachIsAPayExceptionAndARuntimeException(string $class): void
    {
        $e = new $class('text');
        self::assertInstanceOf(PayException::class, $e);
        self::assertInstanceOf(\RuntimeException::class, $e);
        self::assertFalse((new \ReflectionClass($class))->isFinal());
    }

    /** @dataProvider classes */
    #[DataProvider('classes')]
    public function testTheDefaultsOfTheConstructorAreThoseOfTheManual(string $class): void
    {
        $e = new $class();
        $expected = self::OWN[$class] + ['advice' => Advice::GiveUp, 'retryable' => false, 'maybeProcessed' => false, 'outTradeNo' => null, 'stillWanted' => false];
        foreach ($expected as $property => $value) {
            self::assertSame($value, $e->$property, $property);
        }
        self::assertSame(['', 0, null], [$e->getMessage(), $e->getCode(), $e->getPrevious()]);
    }

    /** @dataProvider classes */
    #[DataProvider('classes')]
    public function testEachHasFileLineTraceAndPrevious(string $class): void
    {
        $previous = new \LogicException('first');
        $line = __LINE__ + 1;
        $e = new $class(message: "a\0b", advice: Advice::Wait, retryable: true, maybeProcessed: true, outTradeNo: 'T1', code: 7, previous: $previous, stillWanted: true);
        self::assertSame([__FILE__, $line], [$e->getFile(), $e->getLine()]);
        self::assertSame(__FUNCTION__, $e->getTrace()[0]['function']);
        self::assertSame($previous, $e->getPrevious());
        $common = [$e->advice, $e->retryable, $e->maybeProcessed, $e->outTradeNo, $e->stillWanted];
        self::assertSame(["a\0b", 7, Advice::Wait, true, true, 'T1', true], [$e->getMessage(), $e->getCode(), ...$common]);
        self::assertStringContainsString('LogicException: first', (string) $e);
    }

    /** @return iterable<string, array{class-string}> */
    public static function classes(): iterable
    {
        foreach (array_keys(self::OWN) as $class) {
            yield $class => [$class];
        }
    }

    public function testThoseThatTheExtensionThrowsHaveTheLineOfTheCall(): void
    {
        try {
            $line = __LINE__ + 1;
            Xml::decode('x');
        } catch (MalformedMessageException $e) {
            self::assertSame([__FILE__, $line, 0], [$e->getFile(), $e->getLine(), $e->getCode()]);
            self::assertSame(['decode', Xml::class, '::'], [$e->getTrace()[0]['function'], $e->getTrace()[0]['class'], $e->getTrace()[0]['type']]);
            return;
        }
        self::fail();
    }

    public function testTheirPropertiesAreReadonly(): void
    {
        $e = new ServiceException(errCode: 'SYSTEMERROR');
        foreach (['errCode', 'advice', 'retryable'] as $property) {
            try {
                $e->$property = 'x';
                self::fail($property);
            } catch (\Error $error) {
                self::assertStringContainsString("Cannot modify readonly property", $error->getMessage());
            }
        }
    }

    public function testASecondConstructionIsRefusedAndChangesNothing(): void
    {
        $e = new ServiceException('first', errCode: 'A');
        try {
            $e->__construct('second', errCode: 'B');
            self::fail();
        } catch (\Error $error) {
            self::assertSame('WechatPay\ServiceException is constructed already', $error->getMessage());
        }
        self::assertSame(['first', 'A'], [$e->getMessage(), $e->errCode]);
    }

    public function testAShopMayExtendThem(): void
    {
        $own = new class('no money', 'till 7') extends ServiceException {
            public function __construct(string $message, public readonly string $till)
            {
                parent::__construct($message, errCode: 'NOTENOUGH', advice: Advice::AskPayer);
            }
        };
        self::assertSame(['till 7', 'NOTENOUGH', Advice::AskPayer, 'no money'], [$own->till, $own->errCode, $own->advice, $own->getMessage()]);
    }

    public function testASubclassThatForgetsItsParentHasUninitialisedPropertiesAndIsStillThrowable(): void
    {
        $own = new class extends PayException {
            public function __construct()
            {
            }
        };
        try {
            throw $own;
        } catch (PayException $e) {
            self::assertSame([__FILE__, ''], [$e->getFile(), $e->getMessage()]);
        }
        $this->expectException(\Error::class);
        $this->expectExceptionMessage('$advice must not be accessed before initialization');
        $own->advice;
    }

    public function testTheyCanBeSerializedAndNotCloned(): void
    {
        $e = unserialize(serialize(new ServiceException('m', errCode: 'E', advice: Advice::Wait)));
        self::assertSame(['m', 'E', Advice::Wait], [$e->getMessage(), $e->errCode, $e->advice]);
        $this->expectException(\Error::class);
        clone $e;
    }

    public function testArgumentsAreCheckedInTheirOrderAsPhpDoes(): void
    {
        $messages = [];
        $calls = [
            static fn () => new ServiceException([], errCode: [], advice: 'x'),
            static fn () => new ServiceException('m', [], advice: 'x'),
            static fn () => new ServiceException(advice: 'wait'),
            static fn () => new ServiceException(retryable: 'x'),
            static fn () => new ServiceException(code: 'x'),
            static fn () => new ServiceException(previous: new \stdClass()),
            static fn () => new UndecidedException(lastSeen: new \stdClass()),
            static fn () => new PayException(errCode: 'x'),
            static fn () => new PayException('', Advice::Wait, false, false, null, 0, null, false, 1),
        ];
        foreach ($calls as $call) {
            try {
                $call();
                $messages[] = 'nothing';
            } catch (\Throwable $e) {
                $messages[] = preg_replace('~^WechatPay\\\\(\w+)::__construct\(\): ~', '$1 ', $e->getMessage());
            }
        }
        self::assertSame([
            'ServiceException Argument #1 ($message) must be of type string, array given',
            'ServiceException Argument #2 ($errCode) must be of type string, array given',
            'ServiceException Argument #4 ($advice) must be of type WechatPay\Advice, string given',
            'ServiceException Argument #5 ($retryable) must be of type bool, string given',
            'ServiceException Argument #8 ($code) must be of type int, string given',
            'ServiceException Argument #9 ($previous) must be of type ?Throwable, stdClass given',
            'UndecidedException Argument #2 ($lastSeen) must be of type ?WechatPay\Order, stdClass given',
            'Unknown named parameter $errCode',
            'WechatPay\PayException::__construct() expects at most 8 arguments, 9 given',
        ], $messages);
    }

    public function testAPreviousExceptionIsFreedWithItsOwner(): void
    {
        $previous = new \LogicException();
        $weak = \WeakReference::create($previous);
        $e = new TransportException(previous: $previous);
        unset($previous);
        self::assertNotNull($weak->get());
        unset($e);
        self::assertNull($weak->get());
    }
}
