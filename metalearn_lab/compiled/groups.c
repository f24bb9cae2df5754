#ifdef _OPENMP
#include <omp.h>
#else
static int omp_get_thread_num(void) { return 0; }
#endif

PUBLIC int lanes(void) { return LANES; }

// Groups of tasks side by side on the threads. The sums are taken in the order of the groups, so
// that they do not depend on the number of threads.
PUBLIC void run(long count, int threads, const void **in, void **out, real *sums, v *work, long room) {
  long groups = (count + LANES - 1) / LANES;
#pragma omp parallel for schedule(static) num_threads(threads)
  for (long g = 0; g < groups; g++)
    group(g * LANES, count, in, out, sums + g * TOTAL, work + omp_get_thread_num() * room);
  for (long i = 0, offset = 0; i < AVERAGED; offset += SIZES[i++])
    for (long e = 0; e < SIZES[i]; e++) {
      real sum = 0;
      for (long g = 0; g < groups; g++) sum += sums[g * TOTAL + offset + e];
      ((real *)out[i])[e] = sum / count;
    }
}
