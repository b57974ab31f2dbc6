<?php

declare(strict_types=1);

// A small CONNECT proxy: php proxy.php LOG [user:password]. Prints its port, writes each request's head to LOG, and
// relays until its stdin ends.
[, $log] = $argv;
$wanted = isset($argv[2]) ? 'Proxy-Authorization: Basic ' . base64_encode($argv[2]) : null;
$server = stream_socket_server('tcp://127.0.0.1:0');
echo substr(strrchr(stream_socket_get_name($server, false), ':'), 1), "\n";
$other = [];
$sockets = [];
while (true) {
    $ready = [STDIN, $server, ...array_values($sockets)];
    $none = null;
    stream_select($ready, $none, $none, null);
    foreach ($ready as $socket) {
        if ($socket === STDIN) {
            exit;
        }
        if ($socket === $server) {
            $client = stream_socket_accept($server);
            $head = '';
            while (!str_ends_with($head, "\r\n\r\n") && ($line = fgets($client)) !== false) {
                $head .= $line;
            }
            file_put_contents($log, $head, FILE_APPEND);
            $fine = $wanted === null || str_contains($head, "\r\n$wanted\r\n");
            $gateway = $fine ? @stream_socket_client('tcp://' . explode(' ', $head)[1]) : false;
            if ($gateway === false) {
                fwrite($client, $fine ? "HTTP/1.1 502 Bad Gateway\r\n\r\n" : "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
                fclose($client);
                continue;
            }
            fwrite($client, "HTTP/1.1 200 Connection established\r\n\r\n");
            foreach ([[$client, $gateway], [$gateway, $client]] as [$from, $to]) {
                stream_set_blocking($from, false);
                $sockets[(int) $from] = $from;
                $other[(int) $from] = $to;
            }
            continue;
        }
        if (!isset($sockets[(int) $socket])) {
            continue;
        }
        $to = $other[(int) $socket];
        $bytes = fread($socket, 65536);
        if ($bytes === '' || $bytes === false) {
            unset($sockets[(int) $socket], $sockets[(int) $to]);
            fclose($socket);
            fclose($to);
            continue;
        }
        stream_set_blocking($to, true);
        fwrite($to, $bytes);
        stream_set_blocking($to, false);
    }
}
