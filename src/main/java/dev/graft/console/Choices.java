package dev.graft.console;

import dev.graft.console.FilesConsoleController.DataFileView;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** The choices in forms: the newest objects, and the one in the link to the form. */
@Component
class Choices {
  static final int NEWEST = 100;
  private static final String TRAINING = "fine-tune";

  private final ConsoleApi api;

  Choices(ConsoleApi api) {
    this.api = api;
  }

  /**
   * @param named the model in the link, for example a checkpoint, which is not in the list
   */
  List<ConsoleApi.ModelView> models(@Nullable String named) {
    List<ConsoleApi.ModelView> listed = api.models().data();
    if (named == null
        || named.isBlank()
        || listed.stream().anyMatch(each -> each.id().equals(named))) return listed;
    return Stream.concat(Stream.of(api.model(named)), listed.stream()).toList();
  }

  /**
   * Returns usable files of rows.
   *
   * @param named the id of the file in the link
   */
  List<DataFileView> files(@Nullable String named) {
    List<DataFileView> newest =
        api.files(TRAINING, null, NEWEST).data().stream().filter(DataFileView::usable).toList();
    if (named == null
        || named.isBlank()
        || newest.stream().anyMatch(each -> each.id().equals(named))) return newest;
    DataFileView file = api.file(named);
    return file.usable() ? Stream.concat(Stream.of(file), newest.stream()).toList() : newest;
  }
}
