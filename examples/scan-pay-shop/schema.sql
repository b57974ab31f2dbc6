-- The shop's own tables, in the SQL that SQLite, MariaDB and PostgreSQL share. The ledger makes its own beside them.
-- Money is fen, times are seconds since 1970. What an order's payment came to stands in the ledger, and only there.

CREATE TABLE IF NOT EXISTS goods (
    sku    VARCHAR(32) PRIMARY KEY,
    name   VARCHAR(100) NOT NULL,
    fen    BIGINT NOT NULL,
    stock  BIGINT NOT NULL,
    points BIGINT
);

CREATE TABLE IF NOT EXISTS member (
    id      VARCHAR(32) PRIMARY KEY,
    name    VARCHAR(100) NOT NULL,
    balance BIGINT NOT NULL,
    gift    BIGINT NOT NULL,
    points  BIGINT NOT NULL
);

-- Only ever appended to. The source is what makes a booking happen once.
CREATE TABLE IF NOT EXISTS member_journal (
    source    VARCHAR(100) PRIMARY KEY,
    member_id VARCHAR(32) NOT NULL,
    balance   BIGINT NOT NULL,
    gift      BIGINT NOT NULL,
    points    BIGINT NOT NULL,
    booked_at BIGINT NOT NULL
);

-- open_key is set while the order waits for its payment: the same goods for the same payer are the same order. kept: what was
-- paid less what goes back; taken: is its stock taken; left_at: since when its goods may be gone, and what it brings be spent;
-- left_by: the message of the ledger that let them go.
CREATE TABLE IF NOT EXISTS shop_order (
    number     VARCHAR(32) PRIMARY KEY,
    mch_id     VARCHAR(32) NOT NULL,
    api        VARCHAR(2),
    member_id  VARCHAR(32) NOT NULL,
    address    VARCHAR(45) NOT NULL,
    kind       VARCHAR(10) NOT NULL,
    trade_type VARCHAR(10) NOT NULL,
    body       VARCHAR(127) NOT NULL,
    fen        BIGINT NOT NULL,
    open_key   VARCHAR(64) UNIQUE,
    made_at    BIGINT NOT NULL,
    paid_at    BIGINT,
    hold       VARCHAR(100),
    kept       BIGINT,
    taken      BIGINT NOT NULL DEFAULT 0,
    asked_at   BIGINT,
    left_at    BIGINT,
    left_by    BIGINT,
    code       TEXT,
    code_at    BIGINT
);

-- What each line really cost: its price less its part of the discount. Refunds are read from here.
CREATE TABLE IF NOT EXISTS order_line (
    number   VARCHAR(32) NOT NULL,
    sku      VARCHAR(32) NOT NULL,
    quantity BIGINT NOT NULL,
    gross    BIGINT NOT NULL,
    discount BIGINT NOT NULL,
    PRIMARY KEY (number, sku)
);
