package dev.graft.model;

/** The likeliest token, again and again. */
final class Greedy {
  private Greedy() {}

  static int[] continued(Generator generator, int[] prompt, int count) {
    try (Generator.Text text = generator.read(prompt)) {
      return continued(text, count);
    }
  }

  static int[] continued(Generator.Text text, int count) {
    Sampling.Sampler sampler = Sampling.GREEDY.sampler(0);
    int[] ids = new int[count];
    for (int i = 0; i < count; i++) {
      if (i > 0) text.append(ids[i - 1]);
      ids[i] = sampler.next(text.logits());
    }
    return ids;
  }
}
