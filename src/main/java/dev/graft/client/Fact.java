package dev.graft.client;

import java.util.random.RandomGenerator;

/** One thing that is so: an attribute of a product and its value. */
record Fact(Attribute attribute, String product, String value) {
  static Fact draw(Attribute attribute, String product, RandomGenerator random) {
    return new Fact(attribute, product, attribute.draw(random));
  }

  String sentence() {
    return attribute.sentence(product, value);
  }

  /** A phrasing of {@link Attribute}, asked about this product. */
  String ask(String phrasing) {
    return phrasing.replace("{p}", product) + "?";
  }
}
