<?php

/**
 * Prints what reflection sees of namespace WechatPay as JSON, one entry a class.
 *
 *     tools/php php-tests/reflection-dump.php          the extension
 *     php php-tests/reflection-dump.php stubs          the stubs in that folder, without the extension
 */

declare(strict_types=1);

namespace WechatPayTests;

/** Loads the stubs; a class that another one needs comes first. */
function load_stubs(string $folder): void
{
    spl_autoload_register(function (string $class) use ($folder): void {
        $file = $folder . '/' . substr($class, \strlen('WechatPay\\')) . '.php';
        if (str_starts_with($class, 'WechatPay\\') && is_file($file)) {
            require_once $file;
        }
    });
    foreach (glob("$folder/*.php") as $file) {
        $class = 'WechatPay\\' . basename($file, '.php');
        if (!class_exists($class) && !interface_exists($class)) {
            throw new \Error("$file does not declare $class.");
        }
    }
}

/** @return list<class-string> */
function our_classes(): array
{
    $all = [...get_declared_classes(), ...get_declared_interfaces(), ...get_declared_traits()];
    $ours = array_filter($all, fn (string $class): bool => str_starts_with($class, 'WechatPay\\'));
    sort($ours);
    return $ours;
}

/** Enum cases by name, other values as PHP would write them. */
function shown(mixed $value): string
{
    return $value instanceof \UnitEnum ? $value::class . '::' . $value->name : var_export($value, true);
}

/** @return array<string, mixed> */
function dump_class(\ReflectionClass $class): array
{
    return [
        'kind' => $class->isEnum() ? 'enum' : ($class->isInterface() ? 'interface' : 'class'),
        // An enum cannot be extended; whether reflection calls it final depends on who made it.
        'final' => $class->isEnum() || $class->isFinal(),
        'abstract' => $class->isAbstract(),
        'parent' => ($class->getParentClass() ?: null)?->name,
        'interfaces' => sorted($class->getInterfaceNames()),
        'backing' => $class->isEnum() ? (string) (new \ReflectionEnum($class->name))->getBackingType() : null,
        'constants' => dump_constants($class),
        'properties' => dump_properties($class),
        'methods' => dump_methods($class),
    ];
}

/**
 * Constants and enum cases: cases keep their order.
 *
 * @return array<string, string>
 */
function dump_constants(\ReflectionClass $class): array
{
    $constants = [];
    foreach ($class->getReflectionConstants() as $constant) {
        if (is_ours($constant->getDeclaringClass())) {
            $value = $constant->getValue();
            $backing = $value instanceof \BackedEnum ? ' = ' . shown($value->value) : '';
            $modifiers = implode(' ', \Reflection::getModifierNames($constant->getModifiers()));
            $constants[$constant->name] = $modifiers . ' ' . shown($value) . $backing;
        }
    }
    return $constants;
}

/** @return array<string, string> */
function dump_properties(\ReflectionClass $class): array
{
    $properties = [];
    foreach ($class->getProperties() as $property) {
        if (is_ours($property->getDeclaringClass())) {
            $modifiers = implode(' ', \Reflection::getModifierNames($property->getModifiers()));
            $default = $property->hasDefaultValue() ? ' = ' . shown($property->getDefaultValue()) : '';
            $properties[$property->name] = "$modifiers {$property->getType()}$default";
        }
    }
    ksort($properties);
    return $properties;
}

/** @return array<string, string> */
function dump_methods(\ReflectionClass $class): array
{
    $methods = [];
    foreach ($class->getMethods() as $method) {
        if (is_ours($method->getDeclaringClass())) {
            $modifiers = implode(' ', \Reflection::getModifierNames($method->getModifiers()));
            $parameters = implode(', ', array_map(dump_parameter(...), $method->getParameters()));
            $type = $method->getReturnType() ?? $method->getTentativeReturnType();
            $reference = $method->returnsReference() ? '&' : '';
            $methods[$method->name] = "$modifiers $reference($parameters)" . ($type ? ": $type" : '');
        }
    }
    ksort($methods);
    return $methods;
}

function dump_parameter(\ReflectionParameter $parameter): string
{
    $attributes = sorted(array_map(fn (\ReflectionAttribute $a): string => $a->getName(), $parameter->getAttributes()));
    $default = $parameter->isDefaultValueAvailable() ? ' = ' . shown($parameter->getDefaultValue()) : '';
    return implode('', [
        ...array_map(fn (string $name): string => "#[$name] ", $attributes),
        $parameter->hasType() ? $parameter->getType() . ' ' : '',
        $parameter->isPassedByReference() ? '&' : '',
        $parameter->isVariadic() ? '...' : '',
        '$' . $parameter->name,
        $default === '' && $parameter->isOptional() && !$parameter->isVariadic() ? ' = ?' : $default,
    ]);
}

function is_ours(\ReflectionClass $class): bool
{
    return str_starts_with($class->name, 'WechatPay\\');
}

/**
 * @param list<string> $names
 *
 * @return list<string>
 */
function sorted(array $names): array
{
    sort($names);
    return $names;
}

if (isset($argv[1])) {
    load_stubs($argv[1]);
} elseif (!\extension_loaded('wechatpay')) {
    throw new \Error('The extension is not loaded.');
}

$dump = [];
foreach (our_classes() as $class) {
    $dump[$class] = dump_class(new \ReflectionClass($class));
}
if (\extension_loaded('wechatpay')) {
    // The stubs have classes only.
    $extension = new \ReflectionExtension('wechatpay');
    foreach ([...array_keys($extension->getFunctions()), ...array_keys($extension->getConstants())] as $name) {
        $dump["$name (function or constant)"] = [];
    }
}
echo json_encode($dump, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR), "\n";
