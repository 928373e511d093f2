package dev.graft.console;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** Files: upload, import, report, conversion, download. */
@Controller
@RequestMapping("/console/files")
class FilesConsoleController {
  private static final int PAGE = 50;
  private static final int IMPORTS = 5;

  private final ConsoleApi api;
  private final Choices choices;
  private final ConsoleConfiguration.Relay relay;

  FilesConsoleController(ConsoleApi api, Choices choices, ConsoleConfiguration.Relay relay) {
    this.api = api;
    this.choices = choices;
    this.relay = relay;
  }

  @GetMapping
  String list(
      @RequestParam @Nullable String after, @RequestParam @Nullable String part, Model model) {
    model.addAttribute("files", api.files(null, after, PAGE));
    if (part == null) model.addAttribute("imports", api.fileImports(IMPORTS));
    model.addAttribute("after", after);
    return part == null ? "files" : "files :: rows";
  }

  /** Uploads a file and redirects to its page. */
  @PostMapping
  void upload(HttpServletRequest request, HttpServletResponse response) {
    response.setHeader("hx-redirect", "/console/files/" + relay.upload(request).id());
    response.setStatus(HttpServletResponse.SC_NO_CONTENT);
  }

  /** Starts an import, which the list then shows. */
  @PostMapping("/imports")
  void fetch(@RequestParam String source, HttpServletResponse response) {
    api.importFile(Map.of("source", source.strip(), "purpose", "fine-tune"));
    response.setHeader("hx-redirect", "/console/files");
    response.setStatus(HttpServletResponse.SC_NO_CONTENT);
  }

  /** Renders the page, or only the part that changes until all rows are checked. */
  @GetMapping("/{id}")
  String file(@PathVariable String id, @RequestParam @Nullable String part, Model model) {
    DataFileView file = api.file(id);
    model.addAttribute("file", file);
    if (file.usable()) {
      model.addAttribute(
          "others", choices.files(null).stream().filter(each -> !each.id().equals(id)).toList());
    }
    return part == null ? "file" : "file :: live";
  }

  /** Renders the report, which the page loads separately. */
  @GetMapping("/{id}/report")
  String report(
      @PathVariable String id, @RequestParam @Nullable String validationFile, Model model) {
    boolean alone = validationFile == null || validationFile.isBlank();
    model.addAttribute("report", api.report(id, alone ? null : validationFile));
    return "report";
  }

  /** Converts a file and redirects to the new file; a refusal is shown beside the button. */
  @PostMapping("/{id}/convert")
  void convert(
      @PathVariable String id,
      @RequestParam(defaultValue = "false") boolean ignoreUnknownKeys,
      HttpServletResponse response) {
    Map<String, Boolean> request =
        ignoreUnknownKeys ? Map.of("ignore_unknown_keys", true) : Map.of();
    response.setHeader("hx-redirect", "/console/files/" + api.convertFile(id, request).id());
    response.setStatus(HttpServletResponse.SC_NO_CONTENT);
  }

  /** Applies remedies and redirects to the new file. */
  @PostMapping("/{id}/remedies")
  void remedy(
      @PathVariable String id,
      @RequestParam(defaultValue = "") List<String> remedy,
      @RequestParam @Nullable String validationFile,
      HttpServletResponse response) {
    Map<String, Object> request = new HashMap<>();
    request.put("remedies", remedy);
    if (validationFile != null && !validationFile.isBlank()) {
      request.put("validation_file", validationFile);
    }
    response.setHeader("hx-redirect", "/console/files/" + api.remedyFile(id, request).id());
    response.setStatus(HttpServletResponse.SC_NO_CONTENT);
  }

  @GetMapping("/{id}/content")
  void content(@PathVariable String id, HttpServletResponse response) {
    relay.download(response, "/v1/files/{id}/content", id);
  }

  @PostMapping("/{id}/delete")
  String delete(@PathVariable String id) {
    api.deleteFile(id);
    return "redirect:/console/files";
  }

  /** A file of the API. */
  record DataFileView(
      String id,
      long bytes,
      long createdAt,
      String filename,
      String purpose,
      String status,
      String sha256,
      @Nullable Long examples,
      @Nullable String format,
      @Nullable String kind,
      List<ProblemView> errors,
      @Nullable String parent,
      List<RemediedView> remedies) {

    /** The number of rows that a remedy changed; null before it is applied. */
    public record RemediedView(String remedy, @Nullable Long rows) {}

    /**
     * @param line the line, from 1; 0 = the whole file
     */
    public record ProblemView(long line, String message) {}

    public boolean usable() {
      return status.equals("processed");
    }

    /** Returns the name of the format, if the file can be converted to chat rows; else null. */
    public @Nullable String convertible() {
      return switch (format) {
        case null -> null;
        case "sharegpt" -> "ShareGPT's format (conversations, from, value)";
        case "alpaca" -> "Alpaca's format (instruction, input, output)";
        default -> "the form of a question and its answer";
      };
    }

    /** Returns whether its rows are still being checked. */
    public boolean pending() {
      return status.equals("uploaded");
    }

    /** The data report of a file. */
    public record ReportView(
        String fileId,
        @Nullable String validationFileId,
        String kind,
        long rows,
        long validationRows,
        boolean complete,
        @Nullable LengthsView promptCharacters,
        @Nullable LengthsView answerCharacters,
        List<LabelledView> labels,
        List<FindingView> findings) {
      /** Returns the available remedies, without duplicates. */
      public List<String> remedies() {
        return findings.stream()
            .flatMap(finding -> Stream.ofNullable(finding.remediedBy()))
            .distinct()
            .toList();
      }
    }

    public record LengthsView(long median, long max) {}

    public record LabelledView(String label, long rows) {}

    public record FindingView(
        String severity,
        long count,
        List<Long> lines,
        String message,
        String remedy,
        @Nullable String remediedBy) {}
  }
}
