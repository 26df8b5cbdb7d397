import { createApp } from 'vue'
import '../shared/ui/base.css'
import '../shared/ui/desk.css'
import App from './App.vue'
import { followLanguage } from '../shared/i18n'

followLanguage()
createApp(App).mount('#app')
