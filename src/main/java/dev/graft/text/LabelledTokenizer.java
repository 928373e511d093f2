package dev.graft.text;

import java.util.Arrays;

/**
 * Tokenizes labelled texts as transformers' {@code tokenizer(text, truncation=True)} does: with the
 * special tokens that the tokenizer adds around a text, which truncation keeps.
 */
public final class LabelledTokenizer {
  private final Tokenizer tokenizer;
  private final boolean allowSpecialTokens;
  private final Truncation truncation;
  private final int[] before;
  private final int[] after;

  /**
   * @param truncation truncation of a row including the special tokens
   */
  public LabelledTokenizer(Tokenizer tokenizer, boolean allowSpecialTokens, Truncation truncation) {
    this.tokenizer = tokenizer;
    this.allowSpecialTokens = allowSpecialTokens;
    int[] text = tokenizer.ids("a");
    int[] framed = tokenizer.framed("a");
    int at = 0;
    while (!Arrays.equals(framed, at, at + text.length, text, 0, text.length)) {
      if (++at + text.length > framed.length) {
        throw new Tokenizer.BadTokenizer(
            "the special tokens that tokenizer.json adds around a text cannot be determined");
      }
    }
    before = Arrays.copyOf(framed, at);
    after = Arrays.copyOfRange(framed, at + text.length, framed.length);
    int room = truncation.maxLength() - before.length - after.length;
    if (room < 1) throw new Tokenizer.BadTokenizer("max_length leaves no room for text");
    this.truncation = new Truncation(truncation.mode(), room);
  }

  /**
   * @return the row, without tokens that train
   * @throws RowTokenizer.RowRejected if it is of another kind, contains special tokens, or is too
   *     long
   */
  public TokenizedRow tokenize(Example example) {
    if (!(example instanceof Example.Labelled labelled)) {
      throw new RowTokenizer.RowRejected(
          example.line(),
          "is "
              + example.kind().words()
              + ": classification and regression need a text with a label");
    }
    if (!allowSpecialTokens) RowTokenizer.SpecialTokens.refuse(example, tokenizer);
    int[] text = tokenizer.ids(labelled.text());
    TokenizedRow cut =
        truncation.applied(new TokenizedRow(labelled.line(), text, text), 0, () -> 0);
    int[] ids = framed(cut.ids());
    int[] labels = new int[ids.length];
    Arrays.fill(labels, TokenizedRow.IGNORE);
    return new TokenizedRow(labelled.line(), ids, labels, cut.cut());
  }

  private int[] framed(int[] text) {
    int[] ids = Arrays.copyOf(before, before.length + text.length + after.length);
    System.arraycopy(text, 0, ids, before.length, text.length);
    System.arraycopy(after, 0, ids, before.length + text.length, after.length);
    return ids;
  }
}
