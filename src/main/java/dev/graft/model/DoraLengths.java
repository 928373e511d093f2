package dev.graft.model;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The lengths that DoRA (Liu et al. 2024) trains, and those that rows would have otherwise. */
final class DoraLengths {
  /** Trained, (out). */
  static final String MAGNITUDE = ".lora_magnitude_vector";

  /** What they would be; PEFT computes it, too. */
  static final String NORM = ".weight_norm";

  private DoraLengths() {}

  /**
   * Those of W + scale B A.
   *
   * @param weight how W as (out, in) follows from the stored one, such as {@code torch.t(%s)}
   * @param a suffix of the name of A
   * @param b suffix of the name of B
   */
  static Derived norm(String path, int out, String weight, String a, String b, double scale) {
    return new Derived(
        path + NORM,
        new long[] {out},
        "torch.copy_(%%s, __torch__.adapters.dora.norm(%s, %%s, %%s, %s))".formatted(weight, scale),
        List.of(path + LoraStart.WEIGHT, path + a, path + b));
  }

  static Map<String, String> start(Stream<String> paths) {
    return paths.collect(Collectors.toMap(at -> at + MAGNITUDE, at -> at + NORM));
  }
}
