package dev.graft.client;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code graft files remedy}: the rows of a file without what its report finds, as a new file. */
@Command(
    name = "remedy",
    description =
        "Make a new file of the rows of one, with what its data report says can be done about"
            + " them; prints its id.")
final class FilesRemedy extends ApiCommand {
  @Parameters(
      index = "0",
      paramLabel = "FILE|FILE_ID",
      description = "An id (file-...), or a file on this machine, which is uploaded.")
  private String file = "";

  @Parameters(
      index = "1..*",
      arity = "0..*",
      paramLabel = "REMEDY",
      description = "Such as drop_duplicates; none given: all that the report names.")
  private List<String> remedies = new ArrayList<>();

  @Option(
      names = "--validation",
      paramLabel = "FILE|FILE_ID",
      description = "The file whose rows must not be among these.")
  private String validation = "";

  @Override
  int run(GraftApi api) throws IOException {
    String path = FilesCommand.PATH + "/" + escaped(TrainingFileUpload.idOf(api, file));
    String held = validation.isEmpty() ? "" : TrainingFileUpload.idOf(api, validation);
    Set<String> asked = new LinkedHashSet<>(remedies);
    if (asked.isEmpty()) asked.addAll(reported(api, path, held));
    if (asked.isEmpty()) {
      note("the report names nothing that can be done without a person");
      return 0;
    }
    ObjectNode request = object();
    asked.forEach(request.putArray("remedies")::add);
    if (!held.isEmpty()) request.put("validation_file", held);
    JsonNode made = api.create(path + "/remedies", request);
    for (JsonNode done : made.path("remedies")) {
      String rows = done.path("rows").isNull() ? "later" : done.path("rows").asString() + " rows";
      note(done.path("remedy").asString() + ": " + rows);
    }
    show(made, made.path("id").asString());
    return FilesCommand.problems(this, made);
  }

  private static List<String> reported(GraftApi api, String path, String held) throws IOException {
    String query = held.isEmpty() ? "" : "?validation_file=" + escaped(held);
    return api.get(path + "/report" + query)
        .path("findings")
        .valueStream()
        .map(finding -> finding.path("remedied_by").asString(""))
        .filter(remedy -> !remedy.isEmpty())
        .toList();
  }
}
