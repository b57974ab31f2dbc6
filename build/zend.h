/* The headers that declare what build/php.rs names. */
#include "php.h"
#include "ext/date/php_date.h"
#include "php_ini.h"
#include "php_open_temporary_file.h"
#include "zend_attributes.h"
#include "zend_exceptions.h"
#include "zend_interfaces.h"
