// `abate registry`: the books of a scheme.
#include "abate/cli/registry_parts.h"

namespace abate::cli {

void add_registry(CLI::App& app, Context& context) {
    CLI::App* registry =
        app.add_subcommand("registry", "Keep the allowances of a scheme, and who may do what");
    registry->require_subcommand(1);
    registry->footer(
        "Example, an exercise for two operators and a lab:\n"
        "  abate registry key new ada; abate registry key new bo\n"
        "  abate registry profile internal > scheme.toml\n"
        "  abate registry init scheme.toml --operator ada --operator bo\n"
        "  abate registry participant add lab --as ada --second bo\n"
        "  abate registry account open lab --as ada\n"
        "  abate registry list\n"
        "  abate registry audit");
    add_registry_founding(*registry, context);
    add_registry_people(*registry, context);
    add_registry_moves(*registry, context);
    add_registry_year(*registry, context);
    add_registry_reports(*registry, context);
    add_registry_calendar(*registry, context);
    add_registry_compliance(*registry, context);
    add_registry_cease(*registry, context);
    add_registry_books(*registry, context);
    add_registry_head(*registry, context);
    add_registry_notes(*registry, context);
    add_registry_footers(*registry);
}

}  // namespace abate::cli
