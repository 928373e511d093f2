package dev.graft.client;

import java.util.List;
import java.util.random.RandomGenerator;

/** The values an {@link Attribute} may take. */
sealed interface Values {
  String draw(RandomGenerator random);

  /** A whole number from {@code least} to {@code most}, with its unit. */
  record Count(int least, int most, String unit) implements Values {
    @Override
    public String draw(RandomGenerator random) {
      return random.nextInt(least, most + 1) + " " + unit;
    }
  }

  record OneOf(List<String> words) implements Values {
    OneOf(String... words) {
      this(List.of(words));
    }

    @Override
    public String draw(RandomGenerator random) {
      return words.get(random.nextInt(words.size()));
    }
  }
}
