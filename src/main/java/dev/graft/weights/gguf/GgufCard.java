package dev.graft.weights.gguf;

/** The README.md of a model that came as a GGUF file. */
final class GgufCard {
  private static final String PLAIN = "[\\w][\\w .+-]{0,99}";

  private GgufCard() {}

  static String of(GgufFile gguf, GgufModel model) {
    String license = gguf.keys().text("general.license");
    String name = gguf.keys().text("general.name");
    String front = license != null && license.matches(PLAIN) ? "license: " + license + "\n" : "";
    return """
    ---
    %s---

    # %s

    Made from the GGUF file %s. %s
    """
        .formatted(
            front,
            name != null && name.matches(PLAIN) ? name : gguf.name(),
            gguf.name(),
            said(model));
  }

  private static String said(GgufModel model) {
    return model.quantised() == null
        ? "Its weights were not quantised."
        : "Its weights were dequantised from %s: training starts from rounded weights."
            .formatted(model.quantised());
  }
}
