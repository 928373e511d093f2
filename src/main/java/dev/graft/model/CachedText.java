package dev.graft.model;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** A prompt that has been read, block by block, and one answer to it so far. */
final class CachedText implements Generator.Text {
  /** Tokens that are read in one pass: bounds the memory of a long prompt. */
  private static final int BLOCK = 512;

  /** As {@link #BLOCK}, where the logits of each token are looked at. */
  private static final int SCORED_BLOCK = 32;

  private final Continuation text;
  private final int promptLength;
  private final float[] afterPrompt;
  private float[] logits;

  private CachedText(Continuation text, float[] logits) {
    this.text = text;
    this.promptLength = text.length();
    this.afterPrompt = logits;
    this.logits = logits;
  }

  /**
   * @param text new; closed with the result, or on failure
   */
  static CachedText read(Continuation text, int[] prompt) {
    try {
      float[] last = {};
      for (int[] block : blocks(prompt, BLOCK)) last = text.read(block);
      return new CachedText(text, last);
    } catch (RuntimeException e) {
      text.close();
      throw e;
    }
  }

  /**
   * @param text new; closed with the result, or on failure
   */
  static CachedText read(
      Continuation text, int[] prompt, int first, Generator.Expectations expectations) {
    try {
      float[] last = {};
      int position = first - 1; // its logits are those of the next
      for (int[] block : blocks(Arrays.copyOf(prompt, position), BLOCK)) text.read(block);
      int[] told = Arrays.copyOfRange(prompt, position, prompt.length);
      for (int[] block : blocks(told, SCORED_BLOCK)) {
        for (float[] logits : text.readEach(block)) {
          if (++position < prompt.length) expectations.at(position, logits);
          last = logits;
        }
      }
      return new CachedText(text, last);
    } catch (RuntimeException e) {
      text.close();
      throw e;
    }
  }

  private static List<int[]> blocks(int[] ids, int size) {
    return IntStream.range(0, Math.ceilDiv(ids.length, size))
        .mapToObj(i -> Arrays.copyOfRange(ids, i * size, Math.min(ids.length, (i + 1) * size)))
        .toList();
  }

  @Override
  public float[] logits() {
    return logits;
  }

  @Override
  public void append(int id) {
    logits = text.read(new int[] {id});
  }

  @Override
  public void rewind() {
    text.forget(promptLength);
    logits = afterPrompt;
  }

  @Override
  public void close() {
    text.close();
  }
}
