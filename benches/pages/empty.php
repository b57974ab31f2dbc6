<?php

/* The page without a query: what all others are compared with. */

echo 'ok';
