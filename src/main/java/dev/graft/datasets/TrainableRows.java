package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.TrainingSpec;
import dev.graft.spec.TrainingSpec.Objective;
import dev.graft.text.Example;
import dev.graft.text.RowReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.springframework.stereotype.Component;

/**
 * Checks, without a model, whether a job can train on the rows of a file. Reads to the first row
 * that decides, and not beyond the beginning of a file.
 */
@Component
public class TrainableRows {
  private static final long READ_BYTES = 8 << 20;
  private static final int MOST_ROLES = 5;
  private static final Pattern ROLE = Pattern.compile("\\w{1,20}");

  private final ArtifactStore store;

  TrainableRows(ArtifactStore store) {
    this.store = store;
  }

  /**
   * @param param the request's name for the file
   * @throws RequestFailed if the loss is on assistant turns only, and none of them trains
   */
  public void require(TrainingFile file, TrainingSpec spec, String param) {
    boolean chats = file.kind() == Example.Kind.CHAT;
    boolean everyToken = Boolean.FALSE.equals(spec.data().assistantOnlyLoss());
    if (!chats || everyToken || spec.objective() != Objective.SFT) return;
    SortedSet<String> roles = new TreeSet<>();
    long trained = first(file, row -> !(row instanceof Example.Chat chat) || trains(chat, roles));
    if (trained > 0 || file.bytes() > READ_BYTES) return; // the trainer reports it for longer files
    throw new RequestFailed(
        ProblemType.INVALID_FILE,
        "%s has no row with an assistant turn that trains. %s".formatted(file.id(), remedy(roles)),
        param);
  }

  private static boolean trains(Example.Chat chat, SortedSet<String> roles) {
    for (Map<String, Object> turn : chat.messages()) {
      String role = String.valueOf(turn.get("role"));
      if (roles.size() < MOST_ROLES && ROLE.matcher(role).matches()) roles.add(role);
    }
    return chat.trains();
  }

  private static String remedy(SortedSet<String> roles) {
    return roles.contains("assistant")
        ? "Give an assistant turn the weight 1, or leave weight out."
        : ("Its roles are %s; name them system, user, assistant and tool (human is user, gpt is"
                + " assistant).")
            .formatted(String.join(", ", roles));
  }

  /** The line of the first row in which the assistant calls tools; 0 where none was found. */
  public long firstWithToolCalls(TrainingFile file) {
    return switch (file.kind()) {
      case CHAT, CHAT_COMPLETION, PREFERENCE -> first(file, Example::callsTools);
      case PROMPT_COMPLETION, TEXT, LABEL, LABELS -> 0;
      case null -> 0;
    };
  }

  /** The line of the first such row; 0 where there is none in what is read. */
  private long first(TrainingFile file, Predicate<Example> wanted) {
    try (InputStream in = store.open(file.digest(), 0, READ_BYTES)) {
      RowReader.read(
          in,
          row -> {
            if (wanted.test(row)) throw new Found(row.line());
          });
      return 0;
    } catch (Found found) {
      return found.line;
    } catch (IOException e) {
      throw new UncheckedIOException("a file's rows cannot be read", e);
    }
  }

  /** Ends the reading. */
  private static final class Found extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final long line;

    Found(long line) {
      super(null, null, false, false);
      this.line = line;
    }
  }
}
