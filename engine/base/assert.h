/* A programmer's mistake: says what and where on standard error and aborts. Stays on in release.
 *
 * Bad input is never a programmer's mistake: it gets an error (error.h). Any thread; allocates nothing.
 */
#ifndef SC_BASE_ASSERT_H
#define SC_BASE_ASSERT_H

#define SC_ASSERT(condition) ((condition) ? (void)0 : sc_assert_failed(#condition, __FILE__, __LINE__))
_Noreturn void sc_assert_failed(const char *condition, const char *file, int line);

#endif
