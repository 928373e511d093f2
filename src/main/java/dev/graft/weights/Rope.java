package dev.graft.weights;

/** Rotary position embedding (Su et al. 2021) as {@code transformers} computes it. */
public sealed interface Rope {
  double theta();

  /**
   * Angle per position of each rotated pair, headDim / 2 values, in f32 arithmetic as the
   * reference.
   */
  float[] inverseFrequencies(int headDim);

  /** {@code rope_type} default. */
  record Default(double theta) implements Rope {
    @Override
    public float[] inverseFrequencies(int headDim) {
      float[] frequencies = new float[headDim / 2];
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] = 1f / (float) Math.pow(theta, (float) (2 * i) / headDim);
      }
      return frequencies;
    }
  }

  /**
   * {@code rope_type} llama3: long waves are slowed by {@code factor}, short ones kept, those
   * between blended.
   */
  record Llama3(
      double theta,
      double factor,
      double lowFreqFactor,
      double highFreqFactor,
      int originalMaxPositionEmbeddings)
      implements Rope {
    @Override
    public float[] inverseFrequencies(int headDim) {
      float[] frequencies = new Default(theta).inverseFrequencies(headDim);
      double longest = originalMaxPositionEmbeddings / lowFreqFactor;
      double shortest = originalMaxPositionEmbeddings / highFreqFactor;
      for (int i = 0; i < frequencies.length; i++) {
        float kept = frequencies[i];
        float slowed = (float) (kept / factor);
        double wave = 2 * Math.PI / kept;
        if (wave > longest) {
          frequencies[i] = slowed;
        } else if (wave >= shortest) {
          double smooth =
              (originalMaxPositionEmbeddings / wave - lowFreqFactor)
                  / (highFreqFactor - lowFreqFactor);
          frequencies[i] = (float) ((1 - smooth) * slowed + smooth * kept);
        }
      }
      return frequencies;
    }
  }
}
