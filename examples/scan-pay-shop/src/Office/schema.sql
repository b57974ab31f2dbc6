-- The tables of the back office, beside the shop's.

-- Who works in the back office now: the hash of what the browser keeps, so that reading this lets nobody in.
CREATE TABLE IF NOT EXISTS office_session (
    token   VARCHAR(64) PRIMARY KEY,
    clerk   VARCHAR(32) NOT NULL,
    seal    VARCHAR(64) NOT NULL,
    ends_at BIGINT NOT NULL
);

-- Passwords that were wrong: too many, and the door stays shut for a while.
CREATE TABLE IF NOT EXISTS office_attempt (
    clerk    VARCHAR(32) NOT NULL,
    address  VARCHAR(45) NOT NULL,
    tried_at BIGINT NOT NULL
);

-- Who did what. Only ever appended to.
CREATE TABLE IF NOT EXISTS office_log (
    number VARCHAR(64) NOT NULL,
    clerk  VARCHAR(32) NOT NULL,
    what   VARCHAR(300) NOT NULL,
    at     BIGINT NOT NULL
);

-- Refunds that somebody asked for: waiting for a second person, booked, sent to WeChat, refused, or failed when WeChat took it
-- and gave it up later. Made by hand at WeChat: foreign, or spent if the member has, then lost. Bounced, then settled.
-- sent_at: when somebody went to ask WeChat; step: how often it has moved, so that each booking has a source of its own.
CREATE TABLE IF NOT EXISTS shop_refund (
    refund_no VARCHAR(64) PRIMARY KEY,
    number    VARCHAR(32) NOT NULL,
    fen       BIGINT NOT NULL,
    reason    VARCHAR(80) NOT NULL,
    doubt     VARCHAR(100) NOT NULL,
    asked_by  VARCHAR(32) NOT NULL,
    agreed_by VARCHAR(32),
    asked_at  BIGINT NOT NULL,
    sent_at   BIGINT,
    step      BIGINT NOT NULL DEFAULT 0,
    state     VARCHAR(10) NOT NULL
);

-- A line goes back once; * is all of an order.
CREATE TABLE IF NOT EXISTS refund_line (
    number    VARCHAR(32) NOT NULL,
    sku       VARCHAR(32) NOT NULL,
    refund_no VARCHAR(64) NOT NULL,
    PRIMARY KEY (number, sku)
);

-- The sums of a day that was reconciled, in JSON; its differences stand in the ledger.
CREATE TABLE IF NOT EXISTS day_report (
    mch_id VARCHAR(32) NOT NULL,
    day    VARCHAR(10) NOT NULL,
    sums   TEXT NOT NULL,
    PRIMARY KEY (mch_id, day)
);

-- Its tables for a spreadsheet, packed, in parts that every database takes: orders or differences.
CREATE TABLE IF NOT EXISTS day_table (
    mch_id VARCHAR(32) NOT NULL,
    day    VARCHAR(10) NOT NULL,
    name   VARCHAR(20) NOT NULL,
    part   BIGINT NOT NULL,
    packed TEXT NOT NULL,
    PRIMARY KEY (mch_id, day, name, part)
);

CREATE TABLE IF NOT EXISTS worker_status (
    name    VARCHAR(80) PRIMARY KEY,
    seen_at BIGINT NOT NULL,
    said    VARCHAR(200) NOT NULL
);
