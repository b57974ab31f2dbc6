<?php

declare(strict_types=1);

/*
 * A line with a round trip of so many milliseconds: passes TCP through to a port, holding each piece back for half
 * of it each way, and a connection's first piece for the round trip of the TCP handshake as well.
 *
 *     php DelayProxy.php TARGET_PORT MILLISECONDS      prints its own port, ends when stdin closes
 */

[, $target, $milliseconds] = $argv;
$listener = stream_socket_server('tcp://127.0.0.1:0');
echo substr(strrchr(stream_socket_get_name($listener, false), ':'), 1), "\n";
$peers = [];
$held = [];
while (true) {
    $next = $held === [] ? 1.0 : max(0.0, min(array_column($held, 'at')) - microtime(true));
    $ready = [STDIN, $listener, ...array_column($peers, 'stream')];
    $none = null;
    if (@stream_select($ready, $none, $none, 0, (int) ($next * 1e6) + 1) === false) {
        exit(1);
    }
    $now = microtime(true);
    foreach ($ready as $stream) {
        if ($stream === STDIN) {
            exit(0);
        }
        if ($stream === $listener) {
            $client = stream_socket_accept($listener);
            $server = stream_socket_client("tcp://127.0.0.1:$target");
            stream_set_blocking($client, false);
            stream_set_blocking($server, false);
            $peers[(int) $client] = ['stream' => $client, 'to' => $server, 'extra' => $milliseconds / 1e3];
            $peers[(int) $server] = ['stream' => $server, 'to' => $client, 'extra' => 0.0];
            continue;
        }
        if (!isset($peers[(int) $stream])) {
            continue;
        }
        $piece = fread($stream, 65536);
        ['to' => $to, 'extra' => $extra] = $peers[(int) $stream];
        $ends = $piece === '' || $piece === false;
        $held[] = ['at' => $now + $milliseconds / 2e3 + $extra, 'to' => $to, 'piece' => $ends ? null : $piece];
        $peers[(int) $stream]['extra'] = 0.0;
        if ($ends) {
            unset($peers[(int) $stream]);
        }
    }
    foreach ($held as $n => ['at' => $at, 'to' => $to, 'piece' => $piece]) {
        if ($at <= microtime(true)) {
            unset($held[$n]);
            if (is_resource($to)) {
                $piece === null ? stream_socket_shutdown($to, STREAM_SHUT_WR) : @fwrite($to, $piece);
            }
        }
    }
}
