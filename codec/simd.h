/* Which vector instructions the machine has, asked at run time: nothing is built with -march=native.
 *
 * A hot loop has a portable body and, where it pays, others behind sc_simd_best(). Every such function comes with an
 * _at twin that takes the level, so that tests compare all levels the machine has. On x86-64 SSE2 is always there and
 * needs no level.
 */
#ifndef SC_CODEC_SIMD_H
#define SC_CODEC_SIMD_H

#if defined(__x86_64__)
#define SC_HAS_AVX2 1
#define SC_TARGET_AVX2 __attribute__((target("avx2")))
#elif defined(__aarch64__)
#define SC_HAS_NEON 1
#endif

enum sc_simd { SC_SIMD_NONE, SC_SIMD_AVX2, SC_SIMD_NEON };

static inline enum sc_simd sc_simd_best(void) {
#if defined(SC_HAS_AVX2)
  return __builtin_cpu_supports("avx2") ? SC_SIMD_AVX2 : SC_SIMD_NONE;
#elif defined(SC_HAS_NEON)
  return SC_SIMD_NEON;
#else
  return SC_SIMD_NONE;
#endif
}

#endif
