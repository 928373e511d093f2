package dev.graft.training;

/**
 * How the losses of the steps run, to notice when one is far above what the run began with.
 *
 * @param start mean of the first steps, in the unit of the loss
 * @param recent mean with a decay of one tenth a step
 * @param steps seen
 */
record LossTrend(double start, double recent, long steps) {
  static final LossTrend NONE = new LossTrend(0, 0, 0);

  /** Steps that make up {@link #start}. */
  private static final int FIRST = 10;

  LossTrend after(double loss) {
    double first = steps < FIRST ? start + (loss - start) / (steps + 1) : start;
    double mean = steps == 0 ? loss : recent + (loss - recent) / FIRST;
    return new LossTrend(first, mean, steps + 1);
  }

  /**
   * Whether a loss says that the run has come apart: more than twice the start or the recent mean,
   * and one more. A rare hard batch late in a run is far below that, since losses fall.
   */
  public boolean spikes(double loss) {
    return steps >= FIRST && loss > 2 * Math.max(start, recent) + 1;
  }
}
