import { Type } from 'typebox'
import { RoutePatternSetting } from '../../contract/route-pattern.ts'
import { closed } from '../../contract/setting-forms.ts'

/** All conditions that Magento knows (Magento: Framework/DB/Adapter/Pdo/Mysql.php, prepareSqlCondition). */
export const conditionTypes = [
  ...['eq', 'neq', 'gt', 'gteq', 'lt', 'lteq', 'moreq', 'like', 'nlike', 'in', 'nin'],
  ...['finset', 'nfinset', 'null', 'notnull', 'from', 'to'],
] as const

/** The form of the name of a field. */
export const fieldForm = /^[A-Za-z][A-Za-z0-9_.]{0,63}$/

const bounds = {
  maxPageSize: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description:
        "Most entries of a page; 300 if left out, which is Magento's own default if its limits are on.",
    }),
  ),
  defaultPageSize: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description:
        'Page size that is added to a search without one. If left out, such a search is refused, since it asks Magento for everything.',
    }),
  ),
  maxFilters: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 1_000,
      description: 'Most filters in all groups together; 20 if left out.',
    }),
  ),
  conditions: Type.Optional(
    Type.Array(Type.Enum([...conditionTypes]), {
      uniqueItems: true,
      description: 'Condition types that a filter may have; all if left out.',
    }),
  ),
  filterableFields: Type.Optional(
    Type.Array(Type.String({ pattern: fieldForm.source }), {
      uniqueItems: true,
      description: 'Fields by which searches may filter and sort; all if left out.',
    }),
  ),
  leadingWildcard: Type.Optional(
    Type.Boolean({
      description:
        'Whether `like` may begin with a wildcard, which makes the database read the whole table.',
    }),
  ),
  fieldsRequired: Type.Optional(
    Type.Boolean({
      description: 'Whether a GET must use `fields` to say what it wants of each entry.',
    }),
  ),
  mode: Type.Optional(
    Type.Enum(['enforce', 'reportOnly', 'off'], {
      description:
        'Refuse what is out of bounds, only report it, or do not check. enforce if left out.',
    }),
  ),
}

/** The bounds of searches, for all routes or for one. */
export const CriteriaBounds = Type.Object(bounds, closed)

/** The settings of the policy search-criteria. */
export const CriteriaSettings = Type.Object(
  {
    ...bounds,
    routes: Type.Optional(
      Type.Record(RoutePatternSetting(), CriteriaBounds, {
        ...closed,
        description: 'Other bounds, by granted route.',
      }),
    ),
  },
  closed,
)
