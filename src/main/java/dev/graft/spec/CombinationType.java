package dev.graft.spec;

import java.util.Locale;

/** PEFT's {@code combination_type}. */
public enum CombinationType {
  SVD,
  LINEAR,
  CAT,
  TIES,
  TIES_SVD,
  DARE_TIES,
  DARE_LINEAR,
  DARE_TIES_SVD,
  DARE_LINEAR_SVD,
  MAGNITUDE_PRUNE,
  MAGNITUDE_PRUNE_SVD;

  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether products of factors are combined and decomposed again, not the factors. */
  public boolean decomposes() {
    return name().endsWith("SVD");
  }

  /** Whether factors are combined number by number, which needs equal ranks. */
  public boolean needsEqualRanks() {
    return this != CAT && !decomposes();
  }

  /** Whether numbers are dropped by chance (DARE, Yu et al. 2024). */
  public boolean draws() {
    return name().startsWith("DARE");
  }

  /** Whether signs are elected (TIES, Yadav et al. 2023). */
  public boolean elects() {
    return name().contains("TIES");
  }

  public boolean prunes() {
    return draws() || elects() || name().startsWith("MAGNITUDE");
  }
}
