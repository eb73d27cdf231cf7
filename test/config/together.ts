import { testsInTurn } from '../support/tests-in-turn.ts'

testsInTurn(import.meta.dirname)
