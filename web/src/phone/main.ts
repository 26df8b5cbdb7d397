import { createApp } from 'vue'
import 'vant/es/style/base.css'
import 'vant/es/overlay/index.css'
import 'vant/es/popup/index.css'
import 'vant/es/loading/index.css'
import 'vant/es/button/index.css'
import 'vant/es/dialog/index.css'
import 'vant/es/toast/index.css'
import 'vant/es/switch/index.css'
import 'maplibre-gl/dist/maplibre-gl.css'
import './base.css'
import App from './App.vue'
import { followLanguage } from '../shared/i18n'

followLanguage()
createApp(App).mount('#app')
