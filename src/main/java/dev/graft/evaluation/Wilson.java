package dev.graft.evaluation;

import java.util.List;

/** What a share that was seen says of the true one: the score interval (Wilson 1927). */
final class Wilson {
  /** Standard deviations on either side, for 95 %. */
  private static final double Z = 1.959963984540054;

  private Wilson() {}

  /**
   * 95 %.
   *
   * @param share from 0 to 1, of {@code of}, at least 1
   */
  public static List<Double> interval(double share, int of) {
    double spread = Z * Z / of;
    double middle = (share + spread / 2) / (1 + spread);
    double half = Z / (1 + spread) * Math.sqrt((share * (1 - share) + spread / 4) / of);
    return List.of(Math.max(0, middle - half), Math.min(1, middle + half));
  }
}
