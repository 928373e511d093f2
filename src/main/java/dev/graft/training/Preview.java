package dev.graft.training;

import dev.graft.text.Example;
import dev.graft.text.LabelledTokenizer;
import dev.graft.text.RowReader;
import dev.graft.text.RowTokenizer;
import dev.graft.text.RowTokenizer.RowRejected;
import dev.graft.text.TokenizedRow;
import dev.graft.text.TokenizedRow.TokenizedPair;
import dev.graft.text.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The first rows as the model will see them. */
final class Preview {
  private Preview() {}

  /**
   * @param part of a preference row "chosen" or "rejected", else null
   * @param label of a labelled row, else null
   * @param text the whole row, control tokens included
   * @param cut whether {@code max_length} took something off
   * @param tokens id, text and whether it is trained, of each
   */
  public record PreviewedRow(
      long line,
      @Nullable String part,
      @Nullable String label,
      String text,
      boolean cut,
      List<Token> tokens) {
    public long trained() {
      return tokens.stream().filter(Token::trained).count();
    }
  }

  /** One token as the tokenizer decodes it alone. */
  public record Token(int id, String text, boolean trained) {}

  /**
   * @throws BadRun if the file has a problem in or before these rows
   */
  public static List<PreviewedRow> rows(SpecFile file, int count) throws IOException {
    RowSettings settings = RowSettings.of(file.spec(), RowCount.maxLength(file));
    List<Example> examples = new ArrayList<>();
    try (Tokenizer tokenizer = Tokenizer.load(file.baseModel())) {
      try (InputStream in = Files.newInputStream(file.trainingFile())) {
        RowReader.Summary summary =
            RowReader.read(
                in,
                example -> {
                  examples.add(example);
                  if (examples.size() == count) throw new Enough();
                });
        if (!summary.problems().isEmpty()) {
          RowReader.Problem first = summary.problems().getFirst();
          throw new BadRun(
              "training_file", "training_file, line " + first.line() + " " + first.message());
        }
      } catch (Enough e) {
        // read no further
      }
      return file.spec().objective().labelsRows()
          ? labelled(file, tokenizer, settings, examples)
          : tokens(tokenizer, settings, examples);
    } catch (RowRejected e) {
      throw new BadRun("training_file", "training_file, line " + e.line() + " " + e.getMessage());
    }
  }

  private static List<PreviewedRow> tokens(
      Tokenizer tokenizer, RowSettings settings, List<Example> examples) {
    RowTokenizer rows = settings.tokenizer(tokenizer);
    List<PreviewedRow> preview = new ArrayList<>();
    for (Example example : examples) {
      if (example instanceof Example.PreferencePair pair) {
        TokenizedPair sides = rows.tokenize(pair);
        preview.add(row(tokenizer, "chosen", null, sides.chosen()));
        preview.add(row(tokenizer, "rejected", null, sides.rejected()));
      } else {
        for (TokenizedRow row : rows.tokenize(example)) {
          preview.add(row(tokenizer, null, null, row));
        }
      }
    }
    return preview;
  }

  private static List<PreviewedRow> labelled(
      SpecFile file, Tokenizer tokenizer, RowSettings settings, List<Example> examples) {
    LabelledTokenizer rows =
        new LabelledTokenizer(
            tokenizer, file.spec().data().allowSpecialTokens(), settings.truncation());
    List<PreviewedRow> preview = new ArrayList<>();
    for (Example example : examples) {
      TokenizedRow row = rows.tokenize(example);
      String label =
          example instanceof Example.Labelled of ? String.join(", ", of.label().words()) : "";
      preview.add(row(tokenizer, null, label, row));
    }
    return preview;
  }

  private static PreviewedRow row(
      Tokenizer tokenizer, @Nullable String part, @Nullable String label, TokenizedRow row) {
    List<Token> tokens = new ArrayList<>();
    for (int i = 0; i < row.ids().length; i++) {
      int id = row.ids()[i];
      tokens.add(new Token(id, tokenizer.decode(id), row.labels()[i] != TokenizedRow.IGNORE));
    }
    return new PreviewedRow(
        row.line(), part, label, tokenizer.decode(row.ids()), row.cut(), tokens);
  }

  private static final class Enough extends RuntimeException {
    Enough() {
      super(null, null, false, false);
    }
  }
}
