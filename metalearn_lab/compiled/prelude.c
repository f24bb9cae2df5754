// The words that the generated functions are written in. `v` holds one number of LANES tasks.
#include <math.h>
#include <stddef.h>
#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define PUBLIC __attribute__((visibility("default")))
#define LANES (BYTES / (int)sizeof(real))
typedef real v __attribute__((vector_size(BYTES)));
typedef whole m __attribute__((vector_size(BYTES)));

static inline v S(real x) { return x - (v){0}; }
static inline v W(m condition, v yes, v no) { return (v)((condition & (m)yes) | (~condition & (m)no)); }
#define LANEWISE(name, f) \
  static inline v name(v x) { v y; for (int l = 0; l < LANES; l++) y[l] = f(x[l]); return y; }

// Numbers of one group of tasks: element by element, the tasks side by side. Where there are
// fewer tasks than lanes, the last task fills the rest, and its copies are never handed out.
#define LOAD(name, type)                                                                          \
  static void name(v *w, const void *from, long size, long first, long count) {                   \
    const type *x = from;                                                                         \
    for (int l = 0; l < LANES; l++) {                                                             \
      const type *row = x + size * (first + l < count ? first + l : count - 1);                   \
      for (long e = 0; e < size; e++) w[e][l] = (real)row[e];                                     \
    }                                                                                             \
  }
LOAD(load_real, real)
LOAD(load_whole, long long)

static inline void store(void *to, const v *w, long size, long first, long count) {
  for (int l = 0; l < LANES && first + l < count; l++)
    for (long e = 0; e < size; e++) ((real *)to)[(first + l) * size + e] = w[e][l];
}

static inline void add_up(real *sums, const v *w, long size, long tasks) {
  if (tasks > LANES) tasks = LANES;
  for (long e = 0; e < size; e++) {
    real sum = 0;
    for (int l = 0; l < tasks; l++) sum += w[e][l];
    sums[e] = sum;
  }
}

static inline v F_pow(v x, v y) { for (int l = 0; l < LANES; l++) x[l] = pow_(x[l], y[l]); return x; }
