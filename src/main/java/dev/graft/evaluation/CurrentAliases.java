package dev.graft.evaluation;

import dev.graft.adapters.ModelAliases;
import dev.graft.tenancy.Owned;
import java.util.List;
import java.util.Optional;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** What other modules see of the aliases. */
@Component
@Transactional(readOnly = true)
class CurrentAliases implements ModelAliases, Owned {
  private final Aliases aliases;

  CurrentAliases(Aliases aliases) {
    this.aliases = aliases;
  }

  @Override
  public Optional<String> departmentOf(String name) {
    return aliases.departmentOf(name);
  }

  @Override
  public Optional<Alias> find(String departmentId, String name) {
    return aliases.find(departmentId, name).map(ModelAlias::view);
  }

  @Override
  public List<Alias> all(String departmentId) {
    return aliases.page(departmentId, null, Limit.unlimited()).stream()
        .map(ModelAlias::view)
        .toList();
  }

  @Override
  public List<Alias> everywhere() {
    return aliases.everywhere().stream().map(ModelAlias::view).toList();
  }

  @Override
  public List<String> of(String departmentId, String model) {
    return aliases.names(departmentId, model);
  }

  @Override
  public boolean need(String departmentId, String model) {
    return aliases.need(departmentId, model);
  }
}
