package dev.graft.weights;

/**
 * The f32 sum of PyTorch on a processor with eight f32 lanes and one thread, to the bit: four
 * independent accumulators of vectors, each over four levels so that rounding grows slowly. The
 * mean of a tensor's scales is stored by double quantisation, so its last bit shows.
 */
final class CascadeSum {
  private static final int LANES = 8;
  private static final int ROWS = 4;
  private static final int LEVELS = 4;

  private CascadeSum() {}

  static float mean(float[] x) {
    return sum(x) / x.length;
  }

  static float sum(float[] x) {
    int lanes = x.length >= LANES ? LANES : 1;
    int vectors = x.length / lanes;
    float total = 0;
    for (int i = vectors * lanes; i < x.length; i++) total += x[i];
    for (float lane : lanes(x, lanes, vectors)) total += lane;
    return total;
  }

  private static float[] lanes(float[] x, int lanes, int vectors) {
    int width = ROWS * lanes;
    int rows = vectors / ROWS;
    float[] sums = cascade(x, width, rows);
    for (int i = rows * width; i < vectors * lanes; i++) sums[i % lanes] += x[i];
    float[] folded = new float[lanes];
    for (int i = 0; i < width; i++) folded[i % lanes] += sums[i];
    return folded;
  }

  /** Sums of the columns of x seen as rows of {@code width}. */
  private static float[] cascade(float[] x, int width, int rows) {
    int power = Math.max(4, ceilLog2(rows) / LEVELS);
    int step = 1 << power;
    float[][] sums = new float[LEVELS][width];
    int row = 0;
    while (row + step <= rows) {
      for (int end = row + step; row < end; row++) add(sums[0], x, row * width);
      for (int level = 1; level < LEVELS; level++) {
        add(sums[level], sums[level - 1], 0);
        sums[level - 1] = new float[width];
        if ((row & (step - 1) << (level * power)) != 0) break;
      }
    }
    for (; row < rows; row++) add(sums[0], x, row * width);
    for (int level = 1; level < LEVELS; level++) add(sums[0], sums[level], 0);
    return sums[0];
  }

  private static void add(float[] into, float[] from, int at) {
    for (int i = 0; i < into.length; i++) into[i] += from[at + i];
  }

  private static int ceilLog2(int x) {
    return x <= 2 ? 1 : Integer.SIZE - Integer.numberOfLeadingZeros(x - 1);
  }
}
