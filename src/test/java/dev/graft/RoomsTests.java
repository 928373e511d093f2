package dev.graft;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/**
 * That the packages can be held in the head: how many, how large, who leads where, what is called
 * what.
 */
@Concurrent
@TestInstance(Lifecycle.PER_CLASS) // what it read of the code goes with it
class RoomsTests {
  private static final int FILES = 25;
  private static final int MODULES_USED = 12;
  private static final int MEDIAN_LINES = 60;
  private static final int P90_LINES = 150;

  private final JavaClasses code =
      new ClassFileImporter()
          .withImportOption(new ArchitectureTests.MainCode())
          .withImportOption(location -> !location.contains("/GraftApplication"))
          .importPackages("dev.graft");

  @Test
  void packagesHaveNoCircles() {
    slices().matching("dev.graft.(**)").should().beFreeOfCycles().check(code);
  }

  @Test
  void aPackageHasAtMostTwentyFiveFiles() {
    assertThat(
            Sources.java("src/main/java").stream().collect(groupingBy(Path::getParent, counting())))
        .allSatisfy((folder, files) -> assertThat(files).isLessThanOrEqualTo(FILES));
  }

  @Test
  void aModuleUsesAtMostTwelveOthers() {
    Map<String, Set<String>> used =
        code.stream()
            .flatMap(each -> each.getDirectDependenciesFromSelf().stream())
            .filter(arrow -> arrow.getTargetClass().getPackageName().startsWith("dev.graft."))
            .collect(
                groupingBy(
                    arrow -> module(arrow.getOriginClass()),
                    Collectors.mapping(
                        arrow -> module(arrow.getTargetClass()), Collectors.toSet())));
    assertThat(used)
        .allSatisfy(
            (module, others) ->
                assertThat(others).size().isLessThanOrEqualTo(MODULES_USED + 1)); // and itself
  }

  private static String module(JavaClass each) {
    return each.getPackageName().split("\\.")[2];
  }

  @Test
  void halfOfTheFilesAreShortAndNineTenthsFitOnThreeScreens() {
    List<Long> lines =
        Sources.java("src/main/java").stream()
            .map(file -> Sources.text(file).lines().count())
            .sorted()
            .toList();
    assertThat(lines.get(lines.size() / 2)).isLessThanOrEqualTo(MEDIAN_LINES);
    assertThat(lines.get(lines.size() * 9 / 10)).isLessThanOrEqualTo(P90_LINES);
  }

  /** Nested types are read with the name of their outer one; among themselves they may repeat. */
  @Test
  void noNameOfATypeStandsForTwo() {
    Map<Boolean, List<JavaClass>> types =
        code.stream()
            .filter(each -> !each.isAnonymousClass() && !each.isLocalClass() && !each.isArray())
            .filter(each -> !each.getModifiers().contains(JavaModifier.SYNTHETIC))
            .filter(each -> !each.getSimpleName().equals("package-info"))
            .collect(Collectors.partitioningBy(JavaClass::isTopLevelClass));
    List<String> names = types.get(true).stream().map(JavaClass::getSimpleName).toList();
    assertThat(names).doesNotHaveDuplicates();
    assertThat(types.get(false).stream().map(JavaClass::getSimpleName))
        .doesNotContainAnyElementsOf(names);
  }
}
