package dev.graft.training.finetune;

import dev.graft.spec.Hyperparameters.PackingStrategy;
import dev.graft.spec.TrainingSpec;
import dev.graft.spec.TrainingSpec.Objective;
import dev.graft.text.Example;
import dev.graft.text.RowReader;
import dev.graft.text.RowReader.Problem;
import dev.graft.text.RowRejected;
import dev.graft.text.RowTokenizer;
import dev.graft.text.TokenizedRow;
import dev.graft.text.Tokenizer;
import dev.graft.training.TokenBatch;
import dev.graft.training.data.PackedRows;
import dev.graft.training.data.TokenRows;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A JSONL file as tokens.
 *
 * @param dropped rows that the length limit left without a trained token
 * @param truncated rows that were cut
 * @param tokens tokens read, trained or not
 * @param targets tokens whose loss counts
 * @param sha256 of the file
 */
record TrainingData(
    TokenRows rows, int dropped, int truncated, long tokens, long targets, String sha256) {
  private static final int SHOWN = 3;

  /**
   * @param param the request's name for the file, for failures
   * @throws BadRun if the file has a problem, with the first few lines
   */
  static TrainingData read(
      String param,
      Path file,
      TrainingSpec spec,
      Tokenizer tokenizer,
      int maxLength,
      Control control) {
    Collector collector =
        new Collector(
            RowSettings.of(spec, maxLength).tokenizer(tokenizer),
            spec.objective() == Objective.PRETRAINING,
            spec.training().packingStrategy(),
            maxLength,
            control);
    MessageDigest digest = Digests.sha256();
    RowReader.Summary summary;
    try (InputStream in =
        new DigestInputStream(new BufferedInputStream(Files.newInputStream(file)), digest)) {
      summary = RowReader.read(in, collector::add);
      in.transferTo(java.io.OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(param + " cannot be read", e);
    }
    List<Problem> problems = new ArrayList<>(summary.problems());
    problems.addAll(collector.rejected);
    if (!problems.isEmpty()) throw new BadRun(param, words(param, problems));
    return collector.data(param, HexFormat.of().formatHex(digest.digest()));
  }

  private static String words(String param, List<Problem> problems) {
    StringBuilder text = new StringBuilder(param);
    for (Problem problem : problems.subList(0, Math.min(SHOWN, problems.size()))) {
      text.append(problem.line() == 0 ? ": " : ", line " + problem.line() + " ");
      text.append(problem.message());
    }
    if (problems.size() > SHOWN)
      text.append(" (and ").append(problems.size() - SHOWN).append(" more)");
    return text.toString();
  }

  /** Keeps tokens only: in lists of rows, or in one array that grows. */
  private static final class Collector {
    private final RowTokenizer tokenizer;
    private final boolean endToEnd;
    private final @Nullable PackingStrategy packing;
    private final int maxLength;
    private final Control control;
    private final List<Problem> rejected = new ArrayList<>();
    private final List<TokenizedRow> rows = new ArrayList<>();
    private int[] stream = new int[1 << 12];
    private int used;
    private int dropped;
    private int truncated;

    Collector(
        RowTokenizer tokenizer,
        boolean endToEnd,
        @Nullable PackingStrategy packing,
        int maxLength,
        Control control) {
      this.tokenizer = tokenizer;
      this.endToEnd = endToEnd;
      this.packing = packing;
      this.maxLength = maxLength;
      this.control = control;
    }

    void add(Example example) {
      control.poll();
      if (rejected.size() >= RowReader.MAX_PROBLEMS) return;
      TokenizedRow row;
      try {
        row = tokenizer.tokenize(example);
      } catch (RowRejected e) {
        rejected.add(new Problem(e.line(), String.valueOf(e.getMessage())));
        return;
      }
      if (endToEnd) {
        append(row.ids());
        return;
      }
      if (row.cut()) truncated++;
      // as in TRL, packing keeps a row whose answer was cut off, and counts one without tokens
      boolean used = packing != null ? row.ids().length > 0 : row.trains();
      if (!used) dropped++;
      if (used || packing != null) rows.add(row);
    }

    private void append(int[] ids) {
      int needed = Math.addExact(used, ids.length);
      if (needed > stream.length) {
        stream = Arrays.copyOf(stream, (int) Math.min(Integer.MAX_VALUE - 8L, needed * 2L));
      }
      System.arraycopy(ids, 0, stream, used, ids.length);
      used = needed;
    }

    private TokenRows rows() {
      if (endToEnd) return new TokenRows.EndToEnd(Arrays.copyOf(stream, used), maxLength);
      if (packing != null) return PackedRows.of(List.copyOf(rows), packing, maxLength);
      return new TokenRows.Separate(List.copyOf(rows));
    }

    TrainingData data(String param, String sha256) {
      TokenRows all = rows();
      long tokens = 0;
      long targets = 0;
      for (int i = 0; i < all.size(); i++) {
        tokens += all.length(i);
        targets += new TokenBatch(new int[][] {{}}, new int[][] {all.labels(i)}).targets();
      }
      if (targets == 0) {
        throw new BadRun(
            param,
            "%s: no row has a token to train within max_length %d (%d rows left out)"
                .formatted(param, maxLength, dropped));
      }
      return new TrainingData(all, dropped, truncated, tokens, targets, sha256);
    }
  }
}
