package dev.graft.weights;

import java.util.List;

/**
 * Rotary position embedding (Su et al. 2021) as {@code transformers} computes it, in f32 as there.
 * Where a scaling depends on the length, it depends on the largest position of the whole padded
 * batch, as in the reference; longer batches before it have no influence here.
 */
public sealed interface Rope {
  double theta();

  /** How many values of a head are turned, from its beginning; even, at most the whole head. */
  int rotaryDim();

  /**
   * Angle per position of each turned pair (i, i + rotaryDim / 2), rotaryDim / 2 values.
   *
   * @param positions largest position + 1: the padded width
   */
  float[] inverseFrequencies(int positions);

  /** Factor of every cosine and sine. */
  default float attentionFactor(int positions) {
    return 1;
  }

  /** Whether the number of positions changes what the methods return. */
  default boolean dependsOnPositions() {
    return false;
  }

  /** {@code theta^(2i / rotaryDim)}. */
  private static float[] wavelengths(double theta, int rotaryDim) {
    float[] wavelengths = new float[rotaryDim / 2];
    for (int i = 0; i < wavelengths.length; i++) {
      wavelengths[i] = (float) Math.pow(theta, (float) (2 * i) / rotaryDim);
    }
    return wavelengths;
  }

  /** {@code rope_type} default. */
  record Default(double theta, int rotaryDim) implements Rope {
    @Override
    public float[] inverseFrequencies(int positions) {
      float[] frequencies = wavelengths(theta, rotaryDim);
      for (int i = 0; i < frequencies.length; i++) frequencies[i] = 1f / frequencies[i];
      return frequencies;
    }
  }

  /** {@code rope_type} linear: every wave slowed by {@code factor} (Chen et al. 2023). */
  record Linear(double theta, int rotaryDim, double factor) implements Rope {
    @Override
    public float[] inverseFrequencies(int positions) {
      float[] frequencies = new Default(theta, rotaryDim).inverseFrequencies(positions);
      for (int i = 0; i < frequencies.length; i++) frequencies[i] /= (float) factor;
      return frequencies;
    }
  }

  /** {@code rope_type} dynamic: theta grows with what is longer than the model was trained for. */
  record Dynamic(double theta, int rotaryDim, double factor, int maxPositionEmbeddings)
      implements Rope {
    @Override
    public float[] inverseFrequencies(int positions) {
      if (positions <= maxPositionEmbeddings) {
        return new Default(theta, rotaryDim).inverseFrequencies(positions);
      }
      float ratio = (float) factor * positions / maxPositionEmbeddings;
      float stretch = (float) Math.pow(ratio - (float) (factor - 1), rotaryDim / (rotaryDim - 2.0));
      return new Default((float) theta * stretch, rotaryDim).inverseFrequencies(positions);
    }

    @Override
    public boolean dependsOnPositions() {
      return true;
    }
  }

  /**
   * {@code rope_type} llama3: long waves are slowed by {@code factor}, short ones kept, those
   * between blended.
   */
  record Llama3(
      double theta,
      int rotaryDim,
      double factor,
      double lowFreqFactor,
      double highFreqFactor,
      int originalMaxPositionEmbeddings)
      implements Rope {
    @Override
    public float[] inverseFrequencies(int positions) {
      float[] frequencies = new Default(theta, rotaryDim).inverseFrequencies(positions);
      float longest = (float) (originalMaxPositionEmbeddings / lowFreqFactor);
      float shortest = (float) (originalMaxPositionEmbeddings / highFreqFactor);
      for (int i = 0; i < frequencies.length; i++) {
        float kept = frequencies[i];
        float wave = (float) (2 * Math.PI) / kept;
        if (wave > longest) {
          frequencies[i] = kept / (float) factor;
        } else if (wave >= shortest) {
          float smooth =
              (originalMaxPositionEmbeddings / wave - (float) lowFreqFactor)
                  / (float) (highFreqFactor - lowFreqFactor);
          frequencies[i] = (1 - smooth) * kept / (float) factor + smooth * kept;
        }
      }
      return frequencies;
    }
  }

  /**
   * {@code rope_type} yarn (Peng et al. 2023): between two borders a linear ramp from kept to
   * slowed waves.
   *
   * @param betaFast turns within the original context above which a wave is kept
   * @param betaSlow turns below which it is slowed
   * @param truncate whether the borders are rounded outwards to whole pairs
   * @param attentionFactor of every cosine and sine
   */
  record Yarn(
      double theta,
      int rotaryDim,
      double factor,
      double betaFast,
      double betaSlow,
      boolean truncate,
      int originalMaxPositionEmbeddings,
      double attentionFactor)
      implements Rope {
    @Override
    public float[] inverseFrequencies(int positions) {
      double low = border(betaFast);
      double high = border(betaSlow);
      if (truncate) {
        low = Math.floor(low);
        high = Math.ceil(high);
      }
      low = Math.max(low, 0);
      high = Math.min(high, rotaryDim - 1);
      if (low == high) high += 0.001;
      float[] frequencies = wavelengths(theta, rotaryDim);
      for (int i = 0; i < frequencies.length; i++) {
        float slowed = 1f / ((float) factor * frequencies[i]);
        float kept = 1f / frequencies[i];
        float ramp = Math.clamp((i - (float) low) / (float) (high - low), 0f, 1f);
        float keep = 1f - ramp;
        frequencies[i] = slowed * (1f - keep) + kept * keep;
      }
      return frequencies;
    }

    /** The pair, as a fraction, that turns so often within the original context. */
    private double border(double turns) {
      double ratio = originalMaxPositionEmbeddings / (turns * 2 * Math.PI);
      return rotaryDim * Math.log(ratio) / (2 * Math.log(theta));
    }

    @Override
    public float attentionFactor(int positions) {
      return (float) attentionFactor;
    }
  }

  /**
   * {@code rope_type} longrope (Ding et al. 2024): a searched factor for each pair, one list for
   * batches within the original context and one for longer ones.
   *
   * @param attentionFactor of every cosine and sine, short or long
   */
  record LongRope(
      double theta,
      int rotaryDim,
      List<Double> shortFactor,
      List<Double> longFactor,
      int originalMaxPositionEmbeddings,
      double attentionFactor)
      implements Rope {
    public LongRope {
      shortFactor = List.copyOf(shortFactor);
      longFactor = List.copyOf(longFactor);
    }

    @Override
    public float[] inverseFrequencies(int positions) {
      List<Double> factors = positions > originalMaxPositionEmbeddings ? longFactor : shortFactor;
      float[] frequencies = wavelengths(theta, rotaryDim);
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] = 1f / (factors.get(i).floatValue() * frequencies[i]);
      }
      return frequencies;
    }

    @Override
    public float attentionFactor(int positions) {
      return (float) attentionFactor;
    }

    @Override
    public boolean dependsOnPositions() {
      return true;
    }
  }
}
