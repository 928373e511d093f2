package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ArtifactStore.StagedBlob;
import dev.graft.artifacts.BlobTooLarge;
import dev.graft.datasets.LikeRows.Leakage;
import dev.graft.datasets.NewFile.FileOrigin.Remedied;
import dev.graft.text.RowConversion;
import dev.graft.text.RowReader;
import dev.graft.text.RowReader.Problem;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.InputStreamSource;
import org.springframework.stereotype.Component;

/** Makes the rows of a file from those of another by applying remedies. */
@Component
class RemediedRows {
  /** Two are nearly always enough, because similarity is nearly transitive. */
  private static final int MOST_PASSES = 10;

  private final ArtifactStore store;
  private final DataFiles files;
  private final FileProperties settings;

  RemediedRows(ArtifactStore store, DataFiles files, FileProperties settings) {
    this.store = store;
    this.files = files;
    this.settings = settings;
  }

  /**
   * @param rows of the file that it is made of
   */
  FileValidation.CheckedFile check(
      String departmentId, NewFile.FileOrigin origin, InputStreamSource rows) throws IOException {
    String compared = origin.validationFile();
    InputStreamSource validation = compared == null ? null : rows(departmentId, compared);
    if (compared != null && validation == null) {
      return FileValidation.TrainingRows.refused("the validation file " + compared + " is gone");
    }
    Map<Remedy, Long> done = new EnumMap<>(Remedy.class);
    origin.remedies().forEach(remedy -> done.put(remedy, 0L));
    List<Problem> problems = new ArrayList<>();
    try (StagedBlob made = pass(rows, validation, done, problems, MOST_PASSES);
        InputStream in = made.open()) {
      return FileValidation.TrainingRows.checked(
          problems,
          in,
          made,
          done.entrySet().stream()
              .map(each -> new Remedied(each.getKey(), each.getValue()))
              .toList());
    } catch (BlobTooLarge tooLarge) {
      return FileValidation.TrainingRows.refused(
          "the rows become more than " + settings.maxUnpacked().toBytes() + " bytes");
    }
  }

  private StagedBlob pass(
      InputStreamSource rows,
      @Nullable InputStreamSource validation,
      Map<Remedy, Long> done,
      List<Problem> problems,
      int most)
      throws IOException {
    RemedyPass pass = RemedyPass.over(rows, done.keySet(), validation);
    StagedBlob made =
        store.stage(out -> pass.write(out, problems), settings.maxUnpacked().toBytes());
    pass.rows().forEach((remedy, count) -> done.merge(remedy, count, Long::sum));
    if (!pass.isToBeRepeated() || !problems.isEmpty() || most == 1) return made;
    try (StagedBlob before = made) {
      return pass(before::open, validation, done, problems, most - 1);
    }
  }

  private @Nullable InputStreamSource rows(String departmentId, String fileId) {
    return files
        .findById(fileId)
        .filter(file -> file.departmentId().equals(departmentId))
        .map(DataFile::rows)
        .map(blob -> (InputStreamSource) () -> store.open(blob.sha256()))
        .orElse(null);
  }

  /** Goes once through the rows of a file and does about each what was asked for. */
  static final class RemedyPass {
    private final InputStreamSource file;
    private final Set<Remedy> asked;
    private final @Nullable Leakage leakage;
    private final LikeRows.Repetitions repetitions;
    private final Map<Remedy, Long> rows = new EnumMap<>(Remedy.class);

    private RemedyPass(
        InputStreamSource file,
        Set<Remedy> asked,
        @Nullable Leakage leakage,
        LikeRows.Sketches sketches) {
      this.file = file;
      this.asked = asked;
      this.leakage = leakage;
      this.repetitions = new LikeRows.Repetitions(sketches);
    }

    /**
     * @param file its rows, which are valid
     * @param validation the rows of the file that it is compared with; null = with none
     */
    public static RemedyPass over(
        InputStreamSource file, Collection<Remedy> asked, @Nullable InputStreamSource validation)
        throws IOException {
      LikeRows.Sketches sketches = LikeRows.Sketches.of(file);
      Leakage leakage = null;
      if (validation != null) {
        Leakage held = new Leakage(sketches);
        try (InputStream in = validation.getInputStream()) {
          RowReader.read(in, row -> held.held(InspectedRow.of(row)));
        }
        leakage = held;
      }
      return new RemedyPass(file, EnumSet.copyOf(asked), leakage, sketches);
    }

    /**
     * @param problems gets what is wrong with rows that are none any more
     */
    public void write(OutputStream out, List<RowReader.Problem> problems) throws IOException {
      try (InputStream in = file.getInputStream()) {
        RowConversion.by(this::of).write(in, out, problems);
      }
    }

    /** How many rows each was done to; none of those that were done to none. */
    public Map<Remedy, Long> rows() {
      return rows;
    }

    /**
     * Returns whether another pass could find more, because rows were compared before their
     * changes.
     */
    public boolean isToBeRepeated() {
      boolean compares =
          asked.contains(Remedy.DROP_NEAR_DUPLICATES)
              || asked.contains(Remedy.DROP_ROWS_IN_VALIDATION);
      return compares && !rows.isEmpty();
    }

    private @Nullable Map<?, ?> of(long line, Map<?, ?> row) {
      Map<?, ?> made = changed(Remedy.CONVERT_TO_CHAT, row, RowConversion::chatOf);
      made = changed(Remedy.CLEAN_TEXT, made, CleanText::of);
      made = changed(Remedy.TRIM_PROMPTS, made, TrimmedPrompt::of);
      Remedy dropped = dropped(InspectedRow.of(RowConversion.example(line, made)));
      if (dropped == null) return made;
      rows.merge(dropped, 1L, Long::sum);
      return null;
    }

    private Map<?, ?> changed(Remedy remedy, Map<?, ?> row, UnaryOperator<Map<?, ?>> change) {
      if (!asked.contains(remedy)) return row;
      Map<?, ?> made = change.apply(row);
      if (!made.equals(row)) rows.merge(remedy, 1L, Long::sum);
      return made;
    }

    private @Nullable Remedy dropped(InspectedRow row) {
      if (asked.contains(Remedy.DROP_EMPTY_ANSWERS)
          && Inspection.PromptsAndAnswers.isUnanswered(row)) {
        return Remedy.DROP_EMPTY_ANSWERS;
      }
      if (asked.contains(Remedy.DROP_EQUAL_PAIRS) && Inspection.Pairs.areSame(row)) {
        return Remedy.DROP_EQUAL_PAIRS;
      }
      Remedy leaked = leakage == null ? null : ifAsked(leakage.defect(row));
      boolean compares =
          asked.contains(Remedy.DROP_DUPLICATES) || asked.contains(Remedy.DROP_NEAR_DUPLICATES);
      return leaked == null && compares ? ifAsked(repetitions.defect(row)) : leaked;
    }

    private @Nullable Remedy ifAsked(QualityFinding.@Nullable Defect defect) {
      Remedy remedy = defect == null ? null : defect.remediedBy();
      return remedy != null && asked.contains(remedy) ? remedy : null;
    }
  }

  /** Removes characters that do not belong into a text. */
  static final class CleanText {
    private static final int BYTE_ORDER_MARK = 0xfeff;
    private static final Charset WINDOWS_1252 = Charset.forName("windows-1252");

    private CleanText() {}

    static Map<?, ?> of(Map<?, ?> row) {
      Map<Object, @Nullable Object> clean = new LinkedHashMap<>();
      row.forEach((key, value) -> clean.put(key, cleaned(value)));
      return clean;
    }

    private static @Nullable Object cleaned(@Nullable Object value) {
      return switch (value) {
        case Map<?, ?> map -> of(map);
        case List<?> list -> {
          List<@Nullable Object> clean = new ArrayList<>();
          list.forEach(each -> clean.add(cleaned(each)));
          yield clean;
        }
        case String text -> of(text);
        case null -> null;
        default -> value;
      };
    }

    static String of(String text) {
      StringBuilder plain = new StringBuilder();
      text.codePoints()
          .filter(c -> c != BYTE_ORDER_MARK && !UnwantedText.isControl(c))
          .forEach(plain::appendCodePoint);
      String clean = plain.toString();
      return UnwantedText.isBroken(clean) ? mended(clean) : clean;
    }

    /**
     * UTF-8 that was read as Windows-1252 (or Latin-1, where that has no character), read again;
     * the same text where any of it cannot have come about like that.
     */
    private static String mended(String text) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      CharsetEncoder encoder = WINDOWS_1252.newEncoder();
      try {
        for (int i = 0; i < text.length(); i++) {
          char c = text.charAt(i);
          if (encoder.canEncode(c)) {
            bytes.write(encoder.encode(CharBuffer.wrap(text, i, i + 1)).get());
          } else if (c < 0x100) {
            bytes.write(c);
          } else {
            return text;
          }
        }
        ByteBuffer read = ByteBuffer.wrap(bytes.toByteArray());
        String mended = StandardCharsets.UTF_8.newDecoder().decode(read).toString();
        return UnwantedText.isBroken(mended) ? text : mended;
      } catch (CharacterCodingException uncertain) {
        return text;
      }
    }
  }

  /** The same text of prompt and completion, parted before the space. */
  private static final class TrimmedPrompt {
    private TrimmedPrompt() {}

    static Map<?, ?> of(Map<?, ?> row) {
      boolean texts =
          row.get("prompt") instanceof String prompt
              && prompt.endsWith(" ")
              && !prompt.isBlank()
              && row.get("completion") instanceof String completion
              && !completion.isEmpty();
      if (!texts) return row;
      Map<Object, Object> trimmed = new LinkedHashMap<>(row);
      trimmed.put("prompt", String.valueOf(row.get("prompt")).replaceFirst(" +$", ""));
      String completion = String.valueOf(row.get("completion"));
      boolean begins = Character.isWhitespace(completion.charAt(0));
      trimmed.put("completion", begins ? completion : " " + completion);
      return trimmed;
    }
  }
}
